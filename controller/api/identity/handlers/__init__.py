"""What each of Identity's endpoints does."""
