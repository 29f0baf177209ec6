"""Hosts keep out of step with each other: what each does every so often, it does a little earlier or later."""

import random


class Pace:
    """One host's own irregularity; the same host has the same again."""

    def __init__(self, host: str) -> None:
        self._random = random.Random(host)  # noqa: S311 - nobody is to be surprised by it

    def about(self, seconds: float) -> float:
        """Give ``seconds``, a quarter more or less at most."""
        return seconds * self._random.uniform(0.75, 1.25)
