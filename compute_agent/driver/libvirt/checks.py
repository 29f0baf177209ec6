"""Checks of libvirt and QEMU on this host."""

import os
import pwd
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import libvirt

from common import errors
from common.settings import Settings
from compute_agent.driver.libvirt import domains, kvm, taps
from compute_agent.driver.libvirt.connection import close_quietly, open_connection
from compute_agent.driver.libvirt.faults import ours
from compute_agent.driver.libvirt.service import run_event_loop
from compute_agent.resources.checks import Check

ETC = Path("/etc")
RUN = Path("/run")
KVM = Path("/dev/kvm")
QEMU_USERS = ("libvirt-qemu", "qemu")
REQUESTS = 5
"""libvirtd's default of calls that it serves a connection at once."""
USER_MODE = "guests' SSH is forwarded to a port of 127.0.0.1; for bridges run with NET_ADMIN and /dev/net/tun"


def host_checks(settings: Settings) -> Iterator[Check]:
    """Check all that needs no connection, then what a connection tells."""
    yield from guest_checks(settings)
    yield _kvm_access()
    yield _program("dnsmasq", "apt-get install dnsmasq-base")
    yield _program("qemu-img", "apt-get install qemu-utils")
    yield _virtlogd()
    yield _guests_service()
    yield _requests()
    yield _qemu_settings()
    yield from _connected(settings)


def guest_checks(settings: Settings) -> Iterator[Check]:
    """Check what guests may have to do without: a network of the host's, a CPU of their own."""
    yield _taps(settings)
    yield _kvm(settings)


def _taps(settings: Settings) -> Check:
    wish = settings.libvirt.network
    refusal = None if wish == "user" else taps.refusal()
    if refusal is None:
        return Check("taps", "ok", "no matter here" if wish == "user" else "taps and bridges can be made")
    if wish == "bridge":
        return Check("taps", "fail", f"refused: {refusal}", "run with NET_ADMIN and /dev/net/tun")
    return Check("taps", "warn", f"refused ({refusal}): user-mode networking is used", USER_MODE)


def _kvm(settings: Settings) -> Check:
    proof = kvm.find_out()
    if proof.works:
        return Check("KVM", "ok", proof.why)
    insisted = settings.libvirt.virt_type == "kvm"
    return Check("KVM", "fail" if insisted else "warn", proof.why, "guests are emulated (slow); enable virtualization")


def _kvm_access() -> Check:
    user = next((entry for entry in pwd.getpwall() if entry.pw_name in QEMU_USERS), None)
    if user is None or not KVM.exists():
        return Check("/dev/kvm", "ok", "no matter here")
    mode, groups = KVM.stat(), os.getgrouplist(user.pw_name, user.pw_gid)
    if mode.st_mode & 0o006 == 0o006 or (mode.st_gid in groups and mode.st_mode & 0o060 == 0o060):
        return Check("/dev/kvm", "ok", f"{user.pw_name} can open it")
    # libvirt then holds what it knows of QEMU for outdated, always
    found = f"{user.pw_name} cannot open it, and libvirt probes QEMU anew at each define (up to a minute)"
    return Check("/dev/kvm", "warn", found, "chgrp kvm /dev/kvm; chmod 660 /dev/kvm")


def _program(name: str, advice: str) -> Check:
    path = shutil.which(name)
    return Check(name, "ok", path) if path else Check(name, "fail", "not found", advice)


def _virtlogd() -> Check:
    if (RUN / "libvirt" / "virtlogd-sock").exists():
        return Check("virtlogd", "ok", "runs")
    return Check("virtlogd", "fail", "its socket is not there", "start it: systemctl start virtlogd, or virtlogd -d")


def _guests_service() -> Check:
    text = _text(ETC / "default" / "libvirt-guests")
    wrong = [f"{key}={value}" for key, value in _settings(text) if (key, value) in BEFORE_HANDSHAKE]
    if wrong:
        advice = "set ON_BOOT=ignore and ON_SHUTDOWN=shutdown in /etc/default/libvirt-guests"
        return Check("libvirt-guests", "fail", f"{', '.join(wrong)} starts guests before the handshake", advice)
    return Check("libvirt-guests", "ok", "starts no guests by itself")


BEFORE_HANDSHAKE = frozenset({("ON_BOOT", "start"), ("ON_SHUTDOWN", "suspend")})
"""Settings with which guests would run before the agent has been told that they may."""


def _requests() -> Check:
    values = dict(_settings(_text(ETC / "libvirt" / "libvirtd.conf")))
    number = int(values.get("max_client_requests", str(REQUESTS)))
    if number <= REQUESTS:
        advice = "set max_client_requests = 20 and max_workers = 40 in /etc/libvirt/libvirtd.conf"
        return Check("max_client_requests", "warn", f"{number}: so many hung calls block a connection", advice)
    return Check("max_client_requests", "ok", str(number))


QEMU_SETTINGS = {"dynamic_ownership": ("1",), "seccomp_sandbox": ("1", "-1"), "max_core": ("0",)}
"""Settings of qemu.conf that guests rest on, with the values that are right, libvirt's own default among them: files
belong to the guest that uses them, QEMU is confined, and no guest's memory lands in a core file."""


def _qemu_settings() -> Check:
    values = dict(_settings(_text(ETC / "libvirt" / "qemu.conf")))
    wrong = [
        f"{name}={values[name]}" for name, right in QEMU_SETTINGS.items() if values.get(name, right[0]) not in right
    ]
    if wrong:
        return Check("qemu.conf", "warn", ", ".join(wrong), "take that out of /etc/libvirt/qemu.conf")
    return Check("qemu.conf", "ok", "files are owned by guests, QEMU is confined, no core files")


def _connected(settings: Settings) -> Iterator[Check]:
    run_event_loop()
    try:
        connection = open_connection(settings.libvirt.uri)
    except errors.HypervisorError as error:
        yield Check("libvirtd", "fail", error.message, "start it: systemctl start libvirtd, or libvirtd -d")
        return
    try:
        with ours("look at domains"):
            yield Check("libvirtd", "ok", f"{settings.libvirt.uri} answers")
            yield _domains(connection)
    finally:
        close_quietly(connection)


def _domains(connection: libvirt.virConnect) -> Check:
    mine = [domain for domain in connection.listAllDomains() if domains.generation(domain) is not None]
    wrong = [f"{domain.name()} has autostart" for domain in mine if domain.autostart()]
    wrong += [f"{domain.name()} has a managed save" for domain in mine if domain.hasManagedSaveImage()]
    if wrong:
        advice = "virsh autostart --disable DOMAIN; virsh managedsave-remove DOMAIN"
        return Check("domains", "fail", "; ".join(wrong), advice)
    return Check("domains", "ok", f"{len(mine)} of ours; none starts by itself")


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _settings(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^\s*(\w+)\s*=\s*[\"']?([\w-]+)", text, re.MULTILINE)
