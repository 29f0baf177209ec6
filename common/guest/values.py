"""How single values of properties are read. Each raises ValueError in words that follow the key."""

import re
from collections.abc import Callable

_SIZE = re.compile(r"([0-9]{1,12})\s*(?:([kmg])(?:i?b)?)?", re.IGNORECASE)
_UNITS = {"k": 1, "m": 1024, "g": 1024**2}
_CUSTOM = re.compile(r"CUSTOM_[A-Z0-9_]{1,248}")

ARCHES = {"amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64", "i386": "i686", "i486": "i686", "i586": "i686"}
"""Other names of architectures, and ours."""

KNOWN_ARCHES = frozenset({"x86_64", "i686", "aarch64", "armv7l", "ppc64le", "riscv64", "s390x"})


def one_of(*allowed: str) -> Callable[[str], str]:
    """Make a reader of a word out of a few."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return text

    return parse


def whole(least: int, most: int) -> Callable[[str], int]:
    """Make a reader of a whole number within bounds."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 12 or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return parse


count = whole(1, 256)


def yes_no(text: str) -> bool:
    """Read yes or no."""
    return {"yes": True, "true": True, "no": False, "false": False}[one_of("yes", "true", "no", "false")(text.lower())]


def machine(text: str) -> str:
    """Read a machine: an alias, or a versioned one."""
    if text not in ("q35", "pc") and not text.startswith(("pc-q35-", "pc-i440fx-")):
        raise ValueError("must be q35, pc, or a versioned pc-q35-N or pc-i440fx-N")
    return text


def arch(text: str) -> str:
    """Read an architecture by any of its names."""
    name = ARCHES.get(text.lower(), text.lower())
    if name not in KNOWN_ARCHES:
        raise ValueError(f"must be one of {', '.join(sorted(KNOWN_ARCHES))}")
    return name


def secure_boot(text: str) -> bool:
    """Read whether secure boot is a must; ``optional`` is no."""
    return one_of("required", "optional", "disabled")(text) == "required"


def kib(text: str) -> int:
    """Read a size of memory: KiB, or with a unit (2MB, 1GiB)."""
    match = _SIZE.fullmatch(text.strip()) if text.isascii() else None
    if match is None:
        raise ValueError("must be a number of KiB, or a size such as 2MB or 1GB")
    return int(match[1]) * _UNITS[(match[2] or "k").lower()]


def custom(name: str) -> bool:
    """Say whether a trait's or a resource class's name is an operator's own."""
    return _CUSTOM.fullmatch(name) is not None
