"""What Compute accepts, one noun a file."""
