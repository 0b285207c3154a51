"""What a person says of themselves, and the pages that show a person."""
