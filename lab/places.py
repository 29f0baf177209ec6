"""Where a lab keeps things. One lab at a time uses them, whatever checkout it was started from."""

import os
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / ".venv" / "bin"
IMAGE = ROOT / "build" / "tiny" / "tiny.qcow2"

DEFAULT = Path("/var/lib/toft-lab")
STATE = Path(os.environ.get("TOFT_LAB_STATE", DEFAULT))
"""Data of all parts. Not below the checkout: QEMU's user must be able to pass through each folder above."""

VAR = Path(os.environ.get("TOFT_LAB_VAR", ROOT / "var" / "lab"))
RUN = VAR / "run"
"""One file a part, `<name>.pid`; `<name>.held` keeps a part that died from being started again."""
LOG = VAR / "log"
CLOUDS = VAR / "clouds.yaml"

MARK = "TOFT_LAB"
"""In the environment of each process of a lab, with the lab's state folder as its value."""

_OTHER = "" if STATE == DEFAULT else f"{zlib.crc32(bytes(STATE)):08x}"[:4]
"""A lab in other folders, as tests make them, has names of its own, so that neither takes the other's links down."""
BRIDGE = f"toft-lab{_OTHER}"
LINK = f"tl{_OTHER}-"
"""How the machine's ends of the hosts' links begin."""
NETWORK = "10.77.7"
"""The lab's own network: the machine is .1, host N is .10+N."""


def pid_file(name: str) -> Path:
    """Give the file with the id of a part's process."""
    return RUN / f"{name}.pid"


def note_pid(name: str, pid: int) -> None:
    """Write down the id of a part's process, whole at any moment."""
    part = RUN / f"{name}.part"
    part.write_text(f"{pid}\n")
    part.rename(pid_file(name))


def pid(name: str) -> int:
    """Give the id of a part's process.

    :raises FileNotFoundError: there is no such part, or it has not started yet.
    """
    return int(pid_file(name).read_text())


def held_file(name: str) -> Path:
    """Give the file that keeps a part from being started again."""
    return RUN / f"{name}.held"


def last_words(name: str) -> str:
    """Give the end of what a part wrote to its log, in one line, and where more is."""
    file = LOG / f"{name}.log"
    lines = file.read_text(errors="replace").splitlines() if file.exists() else []
    return f"{' / '.join(lines[-3:]) or 'it wrote nothing'} (see {file})"
