"""Compute v2.1: flavors, keypairs, servers, and what operators ask of hosts."""
