"""Handlers of Compute, one noun a file."""
