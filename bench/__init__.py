"""Measurements: the whole thing, with real services, every process's CPU counted. `make bench BENCH=create`."""

import signal

signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside, a measurement ends all that it started
