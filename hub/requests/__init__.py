"""What the hub remembers of requests to its API: answers to those that may be sent twice, and how many came."""
