"""The agent: one per host. Drives the hypervisor towards the goals that the controller sends."""
