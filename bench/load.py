"""HTTP clients in a process of their own: keep-alive connections, each with one request under way.

It reads one JSON object (port, token, connections, requests: [[method, path, body]]) and writes one
(started, ended: seconds since the epoch; milliseconds; statuses; bodies where ``bodies`` is asked for).
"""

import json
import selectors
import socket
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import msgspec

END = b"\r\n\r\n"


class Load(msgspec.Struct):
    """What came of a load: each request's status and milliseconds, in order of their answers."""

    started: float
    ended: float
    milliseconds: list[float]
    statuses: list[int]
    bodies: list[Any]

    def percentile(self, share: float) -> float:
        """Give the milliseconds that this share of requests stayed below."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def run(port: int, token: str, requests: list[list[Any]], connections: int = 32, bodies: bool = False) -> Load:
    """Send requests from a process of its own, and wait for all answers.

    :param requests: (method, path, body or None).
    :raises RuntimeError: an answer was an error, or none came.
    """
    asked = {"port": port, "token": token, "connections": connections, "requests": requests, "bodies": bodies}
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"], input=json.dumps(asked).encode(), capture_output=True, timeout=600
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-2000:])
    load = msgspec.json.decode(done.stdout, type=Load)
    if bad := [status for status in load.statuses if status >= 400]:
        raise RuntimeError(f"{len(bad)} of {len(requests)} requests were refused: {sorted(set(bad))}")
    return load


@dataclass
class _Line:
    """A connection; one that the server ends after an answer is made anew."""

    port: int
    poll: selectors.BaseSelector
    sent: float = 0.0
    data: bytes = b""

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Connect."""
        self.socket = socket.create_connection(("127.0.0.1", self.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.poll.register(self.socket, selectors.EVENT_READ, self)

    def close(self) -> None:
        """Disconnect."""
        self.poll.unregister(self.socket)
        self.socket.close()

    def whole(self) -> tuple[int, bytes] | None:
        """Give the status and body of an answer once it is all there."""
        head, found, rest = self.data.partition(END)
        if not found:
            return None
        length = next((int(h[15:]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:")), 0)
        return (int(head[9:12]), rest) if len(rest) >= length else None


def _bytes(method: str, path: str, body: Any, token: str) -> bytes:
    content = json.dumps(body).encode() if body is not None else b""
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nX-Auth-Token: {token}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


def _send(line: _Line, waiting: deque[bytes]) -> None:
    """Send the next request, or close where there is none."""
    if not waiting:
        line.close()
        return
    if b"\r\nconnection: close\r\n" in line.data.lower():
        line.close()
        line.open()
    line.data, line.sent = b"", time.perf_counter()
    line.socket.sendall(waiting.popleft())


def _drive(asked: dict[str, Any]) -> Load:
    waiting = deque(_bytes(method, path, body, asked["token"]) for method, path, body in asked["requests"])
    poll, load = selectors.DefaultSelector(), Load(0.0, 0.0, [], [], [])
    lines = [_Line(asked["port"], poll) for _ in range(asked["connections"])]
    load.started = time.time()
    for line in lines:
        _send(line, waiting)
    while poll.get_map():
        for key, _ in poll.select():
            _hear(key.data, load, asked["bodies"])
            if key.data.whole():
                _send(key.data, waiting)
    load.ended = time.time()
    return load


def _hear(line: _Line, load: Load, bodies: bool) -> None:
    got = line.socket.recv(262144)
    if not got:
        raise RuntimeError("the server closed a connection")
    line.data += got
    if answer := line.whole():
        load.milliseconds.append((time.perf_counter() - line.sent) * 1000)
        load.statuses.append(answer[0])
        if bodies:
            load.bodies.append(json.loads(answer[1]) if answer[1] else None)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(_drive(json.loads(sys.stdin.buffer.read()))))
