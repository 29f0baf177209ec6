"""Is an image what it claims to be? Answered by reading it, before any program of QEMU sees it.

Asked twice: by the controller of an upload, by an agent of what it fetched. oslo.utils knows the formats and what makes
them dangerous (backing files, data files, VMDK descriptors). It reads only headers, so ``qcow2.check_whole`` looks in
addition whether all that a qcow2 points at is inside the file.
"""

from pathlib import Path

from oslo_utils.imageutils import format_inspector

from common import qcow2
from common.errors import InvalidImage

FORMATS = ("qcow2", "raw")
"""What an image may claim to be."""

_SEEN_AS = {"qcow2": ("qcow2",), "raw": ("raw", "gpt")}  # the inspector calls a raw disk with partitions gpt
_DESCRIPTOR = b"# disk descriptorfile"


def inspect(path: Path, claimed: str, max_virtual: int) -> int:
    """Give the virtual size in bytes of a sound image.

    :param claimed: ``qcow2`` or ``raw``.
    :param max_virtual: bytes its virtual disk may have.
    :raises InvalidImage: it is of another format, names other files, is not whole, or is too big; the message says
        which.
    """
    _refuse_descriptor(path)
    seen = _detect(path)
    if seen.NAME not in _SEEN_AS.get(claimed, ()):
        raise InvalidImage(f"the image claims to be {claimed} and is {seen.NAME}")
    _check_safe(seen)
    size = qcow2.check_whole(path) if claimed == "qcow2" else path.stat().st_size
    if not 0 < size <= max_virtual:
        raise InvalidImage(f"the image's disk has {size} bytes; between 1 and {max_virtual} are allowed")
    return size


def _refuse_descriptor(path: Path) -> None:
    """Refuse a VMDK that is only text; the inspector takes a short one for a raw disk."""
    with path.open("rb") as file:
        start = file.read(len(_DESCRIPTOR)).lower()
    if not start:
        raise InvalidImage("the image is empty")
    if start == _DESCRIPTOR:
        raise InvalidImage("the image is a vmdk descriptor, which names other files")


def _detect(path: Path) -> format_inspector.FileInspector:
    try:
        return format_inspector.detect_file_format(str(path))
    except format_inspector.ImageFormatError as error:
        raise InvalidImage(f"the image is several formats at once: {error}") from error
    except Exception as error:  # the inspector meets hostile bytes; whatever it trips over is the image's fault
        raise InvalidImage(f"the image cannot be read: {error}") from error


def _check_safe(seen: format_inspector.FileInspector) -> None:
    try:
        seen.safety_check()
    except format_inspector.SafetyCheckFailed as error:
        reasons = "; ".join(f"{name}: {failure}" for name, failure in error.failures.items())
        raise InvalidImage(f"the image is not safe to use: {reasons}") from error
    except Exception as error:  # as above
        raise InvalidImage(f"the image cannot be judged: {error}") from error
