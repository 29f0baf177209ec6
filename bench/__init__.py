"""Measurements: the whole thing, with real services, every process's CPU counted. `make bench BENCH=create`."""
