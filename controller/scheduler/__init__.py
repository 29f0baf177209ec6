"""Placement: which host a server goes to, and why. Claim and decision are one."""
