"""What the operator's API accepts, one noun a file."""
