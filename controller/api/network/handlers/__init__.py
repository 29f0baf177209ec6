"""Handlers of Network, one noun a file."""
