"""Is an image what it claims to be? Answered by reading it, before any program of QEMU sees it.

oslo.utils knows the formats and what makes them dangerous (backing files, data files, VMDK descriptors). It reads only
headers, so ``qcow2.check_whole`` looks in addition whether all that a qcow2 points at is inside the file.
"""

import logging
from pathlib import Path

from oslo_utils.imageutils import format_inspector

from common.errors import InvalidImage
from compute_agent.driver.libvirt.storage import qcow2

LOG = logging.getLogger(__name__)

SEEN_AS = {"qcow2": frozenset({"qcow2"}), "raw": frozenset({"raw", "gpt"})}
"""Claimed format -> what the inspector may call it: a raw disk with a partition table is ``gpt`` to it."""


def inspect(path: Path, claimed: str, max_virtual: int) -> int:
    """Give the virtual size in bytes of a sound image.

    :param claimed: ``qcow2`` or ``raw``.
    :param max_virtual: bytes its virtual disk may have.
    :raises InvalidImage: it is of another format, names other files, is cut off, or is too big.
    """
    seen = _detect(path)
    if seen.NAME not in SEEN_AS.get(claimed, ()):
        raise InvalidImage(f"the image claims to be {claimed} and is {seen.NAME}")
    if claimed == "qcow2":
        _check_safe(seen)
        size = int(seen.virtual_size)
        qcow2.check_whole(path)
    else:
        size = path.stat().st_size
    if not 0 < size <= max_virtual:
        raise InvalidImage(f"the image's disk has {size} bytes; between 1 and {max_virtual} are allowed")
    return size


def _detect(path: Path) -> format_inspector.FileInspector:
    try:
        seen = format_inspector.detect_file_format(str(path))
    except Exception as error:  # the inspector meets hostile bytes; whatever it trips over is the image's fault
        raise InvalidImage(f"the image cannot be read: {error}") from error
    if seen is None:
        raise InvalidImage("the image has no format that is known")
    return seen


def _check_safe(seen: format_inspector.FileInspector) -> None:
    try:
        seen.safety_check()
    except format_inspector.SafetyCheckFailed as error:
        reasons = "; ".join(f"{name}: {failure}" for name, failure in error.failures.items())
        raise InvalidImage(f"the image is not safe to use: {reasons}") from error
