"""What keypairs' requests may hold."""

from controller.api.compute.schemas.common import body
from controller.api.lists import PAGING

CREATE = body(
    "keypair",
    {
        "name": {"type": "string", "pattern": r"^[a-zA-Z0-9_\-]([a-zA-Z0-9_\- ]{0,253}[a-zA-Z0-9_\-])?$"},
        "public_key": {"type": "string", "minLength": 1, "maxLength": 16384},
    },
    ("name",),
)
"""Names are letters, digits, blanks, dashes and underscores, as in Nova up to 2.92."""

LIST = {"type": "object", "properties": PAGING}
