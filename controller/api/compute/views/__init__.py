"""What Compute shows, one noun a file."""
