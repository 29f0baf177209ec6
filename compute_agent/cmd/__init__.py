"""Commands of a host: its agent, its checks."""
