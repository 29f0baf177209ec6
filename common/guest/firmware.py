"""Firmware: secure boot needs UEFI."""

from common import errors
from common.guest.values import one_of, secure_boot
from common.guest.wish import Wish

IMAGE_KEYS = ("hw_firmware_type", "os_secure_boot")
FLAVOR_KEYS = ("os:secure_boot",)


def firmware(wish: Wish) -> dict[str, object]:
    """Read firmware and secure boot.

    :raises BadRequest: image and flavor differ, or secure boot is to be without UEFI.
    """
    kind = wish.image("hw_firmware_type", one_of("bios", "uefi"))
    secure = wish.once("os:secure_boot", "os_secure_boot", secure_boot) or False
    if secure and kind != "uefi":
        raise errors.BadRequest(
            "secure boot (os_secure_boot, os:secure_boot) needs UEFI: set the image's hw_firmware_type to uefi"
        )
    return {"firmware": kind, "secure_boot": secure}
