"""What a server's hardware is to be: flavor and image properties, parsed once into a typed Guest.

The scheduler claims a Guest, the command carries it, the builder only turns it into XML. A property that this version
does not know is refused by name, never dropped on the way.
"""

from common.guest.guest import Guest, GuestCell, GuestDevice
from common.guest.keys import NOTES, RESERVED
from common.guest.parse import parse_guest
from common.guest.scalars import FLAVOR_SPECS, IMAGE_PROPERTIES

__all__ = [
    "FLAVOR_SPECS",
    "IMAGE_PROPERTIES",
    "NOTES",
    "RESERVED",
    "Guest",
    "GuestCell",
    "GuestDevice",
    "parse_guest",
]
