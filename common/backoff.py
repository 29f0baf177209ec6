"""How long to wait before something that failed is tried again."""

_DOUBLINGS = 64  # enough for any bound; a float has room for 1023, and an outage of hours for more failures than that


def backoff(failures: int, longest: float, first: float = 2.0) -> float:
    """Give the seconds to wait after so many failures in a row: ``first`` after one, then ever twice as long."""
    return min(longest, first * 2.0 ** min(failures - 1, _DOUBLINGS))
