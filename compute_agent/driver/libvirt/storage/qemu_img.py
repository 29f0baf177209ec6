"""Running qemu-img: under limits, with every format named, never guessed."""

import subprocess
from pathlib import Path

from common import errors

MEMORY = 2 * 1024**3
CPU_SECONDS = 60
SECONDS = 120
"""Limits of one run: bytes of address space, CPU time, wall time."""


def create_overlay(path: Path, base: Path, base_format: str, size: int) -> None:
    """Create a qcow2 that stands on ``base``.

    :param base_format: ``qcow2`` or ``raw``.
    :param size: bytes of the disk.
    :raises HypervisorError: qemu-img refuses, or is over its limits; the file may be there in part.
    """
    _run("create", "-q", "-f", "qcow2", "-b", str(base), "-F", base_format, str(path), str(size))


def _run(*args: str) -> None:
    limits = ["prlimit", f"--as={MEMORY}", f"--cpu={CPU_SECONDS}", "--"]
    try:
        subprocess.run(  # noqa: S603 - no shell; paths are ours
            [*limits, "qemu-img", *args], check=True, capture_output=True, timeout=SECONDS
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip() or f"ended with {error.returncode}"
        raise errors.HypervisorError(f"qemu-img {args[0]}: {said}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise errors.HypervisorError(f"qemu-img {args[0]}: {error}") from error
