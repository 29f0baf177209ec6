"""Take the files out of an ISO image."""

import io
from pathlib import Path

import pycdlib


def extracted(image: Path, tree: str = "joliet_path") -> dict[str, bytes]:
    """Give each file's path and content, from the image's ``joliet_path``, ``rr_path`` or ``iso_path`` tree."""
    iso = pycdlib.PyCdlib()
    iso.open(str(image))
    found = {}
    for folder, _, names in iso.walk(**{tree: "/"}):
        for name in names:
            path, data = f"{folder}/{name}", io.BytesIO()
            iso.get_file_from_iso_fp(data, **{tree: path})
            found[path] = data.getvalue()
    iso.close()
    return found


def unpack(image: Path, folder: Path) -> Path:
    """Write the image's files below ``folder``."""
    for path, data in extracted(image).items():
        file = folder / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder
