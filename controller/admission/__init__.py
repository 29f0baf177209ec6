"""Changes that requests ask for, one noun a file."""
