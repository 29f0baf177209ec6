"""What Network shows, one noun a file."""
