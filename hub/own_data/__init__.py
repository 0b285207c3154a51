"""All that the hub keeps about a person: to take along, and to delete. Above every app, since it asks each of them."""
