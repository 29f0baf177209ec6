"""A whole cloud in this process: the real controller and agent, the in-memory bus, the in-memory driver."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from common import settings
from common.folder import prepare
from controller.cmd import clouds, up
from tests.services.ports import free_ports


def settings_for(state: Path, **groups: dict[str, object]) -> settings.Settings:
    """Settings of an embedded cloud below ``state``; ``groups`` change single options."""
    base = {
        "state": {"path": str(state)},
        "api": {"port": free_ports(1)[0]},
        "agent": {"driver": "memory", "host_id": "", "name": "host1"},
        "controller": {"poll_seconds": 0.2},
    }
    merged = {name: {**base.get(name, {}), **groups.get(name, {})} for name in {*base, *groups}}
    return up.embedded(msgspec.convert(merged, settings.Settings))


@dataclass
class Cloud:
    """A running cloud and the file that clients read."""

    settings: settings.Settings
    clouds: Path

    def openstack(self, *words: str, cloud: str = clouds.TENANT) -> str:
        """Run the unmodified openstack client and give what it printed; its refusals come with their text."""
        client = Path(sys.executable).with_name("openstack")
        done = subprocess.run(
            [client, "--os-cloud", cloud, *words],
            env={"OS_CLIENT_CONFIG_FILE": str(self.clouds), "PATH": "/usr/bin:/bin", "HOME": str(self.clouds.parent)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"openstack {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout


@contextmanager
def running(folder: Path, **groups: dict[str, object]) -> Iterator[Cloud]:
    """Run a cloud for a while."""
    chosen = settings_for(prepare(str(folder / "state")), **groups)
    with up.running(chosen, folder / "clouds.yaml"):
        yield Cloud(chosen, folder / "clouds.yaml")
