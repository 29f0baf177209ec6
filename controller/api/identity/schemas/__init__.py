"""What Identity's requests may hold."""
