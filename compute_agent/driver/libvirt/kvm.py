"""Does KVM work here? A device node proves nothing, and libvirt believes it: so a few instructions are run under it."""

import subprocess
import tempfile
from pathlib import Path

import msgspec

from compute_agent.resources import probe

EMULATOR = "qemu-system-x86_64"
EXIT_PORT, ANSWER = 0xF4, 0x2A
SECONDS = 10.0

FIRMWARE_BYTES = 65536
RESET_VECTOR = FIRMWARE_BYTES - 16
PROGRAM = bytes([0xB0, ANSWER, 0xE6, EXIT_PORT, 0xF4])
"""mov al, ANSWER; out EXIT_PORT, al; hlt — where the CPU begins."""


class Proof(msgspec.Struct, frozen=True):
    """Whether KVM runs a guest's code in this boot, and how that was found out."""

    boot_id: str
    works: bool
    why: str


def prove(state: Path) -> Proof:
    """Give this boot's proof: remembered in the state folder, or found out now."""
    file = state / "agent" / "kvm.json"
    known = _read(file)
    if known and known.boot_id == probe.boot_id():
        return known
    found = find_out()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.encode(found))
    return found


def find_out() -> Proof:
    """Look at the CPU's flags, then run the program under KVM."""
    flag = probe.cpu_flags() & {"vmx", "svm"}
    if not flag:
        return Proof(probe.boot_id(), False, "the CPU offers neither vmx nor svm")
    works, why = run_probe("kvm")
    return Proof(probe.boot_id(), works, why)


def run_probe(accelerator: str, seconds: float = SECONDS) -> tuple[bool, str]:
    """Run the program under ``kvm`` or ``tcg``: give whether it ran, and what happened."""
    with tempfile.NamedTemporaryFile(suffix=".bin") as firmware:
        firmware.write(PROGRAM.rjust(RESET_VECTOR + len(PROGRAM), b"\xf4").ljust(FIRMWARE_BYTES, b"\xf4"))
        firmware.flush()
        argv = [EMULATOR, "-accel", accelerator, "-machine", "pc", "-m", "16", "-nodefaults", "-no-user-config"]
        argv += ["-display", "none", "-bios", firmware.name, "-device", f"isa-debug-exit,iobase={EXIT_PORT},iosize=1"]
        try:
            done = subprocess.run(  # noqa: S603 - all words are ours
                argv, capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return False, f"the probe did not run: {error}"
    if done.returncode == ANSWER << 1 | 1:
        return True, "the probe ran"
    said = done.stderr.decode(errors="replace").strip()[-200:]
    return False, f"the probe ended with {done.returncode}: {said}"


def _read(file: Path) -> Proof | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Proof)
    except (OSError, msgspec.MsgspecError):
        return None
