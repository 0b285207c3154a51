"""The upload page: files go into a draft, each is looked into at once, what is said of them is kept, several are published together."""
