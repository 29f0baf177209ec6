"""What Network accepts, one noun a file."""
