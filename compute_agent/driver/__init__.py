"""Drivers: what an agent drives. libvirt is the real one; the in-memory one ships for tests, labs and simulation."""
