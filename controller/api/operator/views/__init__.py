"""What the operator's API shows, one noun a file."""
