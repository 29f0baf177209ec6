"""Names of queues and keys, the same on every bus."""

import zlib


def command_queue(host: str) -> str:
    """Name the queue of one host's commands."""
    return f"cmd.{host}"


def report_queues(count: int) -> list[str]:
    """Name the queues that all hosts' reports are spread over."""
    return [f"up.{k}" for k in range(count)]


def report_queue(host: str, count: int) -> str:
    """Name the one of ``count`` report queues that a host's reports go to: always the same."""
    return f"up.{zlib.crc32(host.encode()) % count}"


def report_key(host: str, kind: str) -> str:
    """Give the key that a host publishes an event of ``kind`` under."""
    return f"host.{host}.{kind}"
