"""A host of its own on this machine: libvirtd and virtlogd in namespaces, touching nothing of the machine's.

Each has its own mounts, network, host name and processes; killing its first process ends all of it. Several may run
side by side. Commands are run inside by ``command``.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEED = ROOT / "var" / "lab" / "capabilities"
"""What libvirt learnt of QEMU; without it a new host's first question takes 10-60 s under TCG."""

MOUNTS = {"etc": "/etc/libvirt", "lib": "/var/lib/libvirt", "log": "/var/log/libvirt", "cache": "/var/cache/libvirt"}

LIBVIRTD = """\
host_uuid = "{uuid}"
auth_unix_rw = "none"
log_level = 3
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
"""

QEMU = """\
security_driver = "none"
dynamic_ownership = 1
remember_owner = 0
namespaces = []
cgroup_controllers = []
max_core = 0
"""

INIT = """\
set -e
hostname "$NAME"
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir -p /run/libvirt /run/lock
# where the QEMU user may not open /dev/kvm, libvirt asks QEMU all it knows anew at each define: 15-60 s
[ ! -e /dev/kvm ] || {{ mknod -m 666 /run/kvm c 10 232 && mount --bind /run/kvm /dev/kvm; }}
{mounts}
# libvirtd looks for it when it starts; a kernel without huge pages has none
mkdir /run/hugepages && mount -t hugetlbfs hugetlbfs /run/hugepages || :
echo 1 > /proc/sys/net/ipv4/ip_forward
touch "$FOLDER/ready"
# bash, as the first process, starts both again when they die, and takes leave of every orphan;
# libvirt would wait for ever for a zombie QEMU
set +e
while :; do virtlogd; sleep 0.2; done &
while :; do nice -n "$NICE" libvirtd & wait $!; sleep 0.2; done
"""


class LibvirtHost:
    """One host. ``start`` it, run things inside, ``stop`` it.

    :param nice: of its libvirtd and its guests, which compute on the CPUs that all else here needs, too.
    """

    def __init__(self, name: str = "host1", folder: Path | None = None, nice: int = 0) -> None:
        self.name, self._nice = name, nice
        self.folder = folder or Path(tempfile.mkdtemp(prefix=f"toft-{name}-"))
        # the QEMU user must be able to pass through
        self.folder.chmod(0o711)
        self._holder: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until its libvirtd answers."""
        (self.folder / "ready").unlink(missing_ok=True)
        self._write_files()
        binds = "\n".join(f'mount --bind "$FOLDER/{here}" {there}' for here, there in MOUNTS.items())
        argv = ["unshare", "-m", "-n", "-u", "-p", "-f", "--kill-child", "--mount-proc", "--propagation", "private"]
        with (self.folder / "init.log").open("wb") as log:
            self._holder = subprocess.Popen(
                [*argv, "bash", "-c", INIT.format(mounts=binds)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "NAME": self.name, "FOLDER": str(self.folder), "NICE": str(self._nice)},
                start_new_session=True,
            )
        self._wait()

    def command(self, argv: Sequence[str], network: bool = True) -> list[str]:
        """Give the command line that runs ``argv`` inside; without ``network`` in the machine's own network, so that
        it reaches the machine's loopback and this host's libvirtd."""
        spaces = ["-m", "-u", "-p", *(["-n"] if network else [])]
        return ["nsenter", "-t", str(self.pid), *spaces, f"--wdns={Path.cwd()}", "--", *argv]

    def run(self, *argv: str) -> str:
        """Run a command inside and give what it printed."""
        done = subprocess.run(self.command(argv), check=True, capture_output=True, text=True)
        return done.stdout

    @property
    def pid(self) -> int:
        """Give the id of the host's first process; all of the host ends with it."""
        assert self._holder is not None, "the host is not started"
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children").read_text().split()
        return int(children[0])

    def stop(self) -> None:
        """End all that runs inside and remove its files."""
        if self._holder is not None:
            self.keep_capabilities()
            self.cut_power()
        shutil.rmtree(self.folder, ignore_errors=True)

    def cut_power(self) -> None:
        """End all that runs inside at once; its files stay."""
        if self._holder is not None:
            os.killpg(self._holder.pid, signal.SIGKILL)
            self._holder.wait()
            self._holder = None

    def _write_files(self) -> None:
        """Write what a host has at its first start. At later ones it finds that, and the domains it had."""
        if (self.folder / "etc").exists():
            return
        for name in MOUNTS:
            (self.folder / name).mkdir()
        shutil.copytree("/etc/libvirt", self.folder / "etc", dirs_exist_ok=True)
        # the machine's own guests and networks are none of this host's
        shutil.rmtree(self.folder / "etc" / "qemu", ignore_errors=True)
        (self.folder / "etc" / "libvirtd.conf").write_text(LIBVIRTD.format(uuid=uuid.uuid4()))
        (self.folder / "etc" / "qemu.conf").write_text(QEMU)
        if SEED.is_dir():
            shutil.copytree(SEED, self.folder / "cache" / "qemu" / "capabilities", dirs_exist_ok=True)

    def keep_capabilities(self) -> None:
        """Keep what libvirt learnt of QEMU for hosts that start later."""
        learnt = self.folder / "cache" / "qemu" / "capabilities"
        if learnt.is_dir():
            shutil.copytree(learnt, SEED, dirs_exist_ok=True)

    def _wait(self, seconds: float = 30) -> None:
        assert self._holder is not None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._holder.poll() is not None:
                break
            if (self.folder / "ready").exists() and self._answers():
                return
            time.sleep(0.05)
        raise RuntimeError(f"{self.name} did not start: {(self.folder / 'init.log').read_text()}")

    def _answers(self) -> bool:
        asked = self.command(["virsh", "-q", "-c", "qemu:///system", "uri"])
        return subprocess.run(asked, capture_output=True).returncode == 0


@contextmanager
def libvirt_host(name: str = "host1") -> Iterator[LibvirtHost]:
    """Have a host for a while."""
    host = LibvirtHost(name)
    try:
        host.start()
        yield host
    finally:
        host.stop()
