"""The operator's API: hosts, and what is seen of the whole."""
