"""What the Image service's requests may hold."""
