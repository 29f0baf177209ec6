"""May this process make taps and bridges? It is tried: capabilities, device nodes and containers all have a say."""

import fcntl
import os
import secrets
import socket
import struct
from pathlib import Path

TUN = Path("/dev/net/tun")
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
SIOCBRADDBR, SIOCBRDELBR = 0x89A0, 0x89A1
TRIAL = "tofttr"


def refusal() -> str | None:
    """Make a tap and a bridge and remove them; give why that is refused, or None."""
    try:
        _try_tap()
        _try_bridge()
    except OSError as error:
        return f"{error.filename or 'making a tap or bridge'}: {error.strerror}"
    return None


def _try_tap() -> None:
    descriptor = os.open(TUN, os.O_RDWR)
    try:
        # it is gone when the descriptor is closed
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", f"{TRIAL}%d".encode(), IFF_TAP | IFF_NO_PI))
    finally:
        os.close(descriptor)


def _try_bridge() -> None:
    # never the same twice: two of our threads may try at once, and a killed process leaves its bridge
    name = f"{TRIAL}{secrets.token_hex(4)}".encode()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as control:
        fcntl.ioctl(control, SIOCBRADDBR, name + b"\0")
        fcntl.ioctl(control, SIOCBRDELBR, name + b"\0")
