"""What each of the Image service's endpoints does."""
