"""Disk images that servers boot from."""

import enum
from datetime import datetime

from common.model import Record


class ImageStatus(enum.StrEnum):
    """An image's life: queued until its bytes came whole and were found sound; a deleted one stays for its servers."""

    QUEUED = "queued"
    ACTIVE = "active"
    DELETED = "deleted"


class Image(Record, frozen=True):
    """An image. Sizes in bytes, ``min_ram`` in MiB, ``min_disk`` in GiB; ``digest`` is the SHA-256 in hex."""

    id: str
    project_id: str
    name: str | None
    status: ImageStatus
    created_at: datetime
    updated_at: datetime
    disk_format: str | None = None
    container_format: str | None = None
    visibility: str = "shared"
    protected: bool = False
    hidden: bool = False
    min_disk: int = 0
    min_ram: int = 0
    size: int | None = None
    virtual_size: int | None = None
    md5: str | None = None
    digest: str | None = None
    tags: tuple[str, ...] = ()
    properties: dict[str, str] = {}
