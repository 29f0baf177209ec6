"""Memory: the size of its pages, and whether it may ever be swapped out."""

from common import errors
from common.guest.values import kib, yes_no
from common.guest.wish import Wish

IMAGE_KEYS = ("hw_mem_page_size", "hw_locked_memory")
FLAVOR_KEYS = ("hw:mem_page_size", "hw:locked_memory")

SMALL, LARGE, ANY = 0, 2048, -1
"""The host's ordinary pages; the huge pages of x86-64, in KiB; the image may choose."""

ORDINARY_KIB = 4
LARGEST_KIB = 16 * 1024**2
_WORDS = {"small": SMALL, "large": LARGE, "any": ANY}


def page_kib(wish: Wish) -> int:
    """Read the pages' size in KiB, 0 for ordinary ones.

    :raises BadRequest: it is not valid, the memory is no multiple of it, or an image asks where its flavor does not
        leave it the choice.
    """
    flavor, image = wish.flavor("hw:mem_page_size", _size), wish.image("hw_mem_page_size", _size)
    if image is not None and flavor is None:
        raise errors.BadRequest(
            "image property hw_mem_page_size needs a flavor that leaves the choice to images: "
            "set the flavor's hw:mem_page_size to any or large"
        )
    if image not in (None, flavor) and not _may_choose(wish.specs["hw:mem_page_size"]):
        raise wish.forbidden("hw_mem_page_size", "hw:mem_page_size")
    size = next((chosen for chosen in (image, flavor) if chosen not in (None, ANY)), SMALL)
    if size and (wish.memory_mib * 1024) % size:
        raise errors.BadRequest(
            f"hw:mem_page_size: the flavor's memory of {wish.memory_mib} MiB is no multiple of pages of {size} KiB; "
            f"change the flavor's memory or the size"
        )
    return size


def _may_choose(flavor: str) -> bool:
    return flavor in ("any", "large")


def _size(text: str) -> int:
    if text in _WORDS:
        return _WORDS[text]
    try:
        size = kib(text)
    except ValueError as error:
        raise ValueError(f"{error}, or small, large, any") from error
    if not ORDINARY_KIB <= size <= LARGEST_KIB or size & (size - 1):
        raise ValueError("must be small, large, any, or a size of pages from 4KB to 16GB that is a power of two")
    return SMALL if size == ORDINARY_KIB else size


def locked(wish: Wish) -> bool:
    """Read whether memory is locked.

    :raises BadRequest: it is not valid, or image and flavor differ.
    """
    return wish.once("hw:locked_memory", "hw_locked_memory", yes_no) or False
