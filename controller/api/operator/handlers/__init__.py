"""Handlers of the operator's API, one noun a file."""
