"""cloud-init's own reader of config drives: Debian's packages, unpacked into the cache and never installed."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

CACHE = Path(__file__).parents[2] / ".cache" / "cloud-init"
# cloud-init, and the Python packages that its reader imports
PACKAGES = (
    "cloud-init",
    "python3-certifi",
    "python3-chardet",
    "python3-configobj",
    "python3-idna",
    "python3-jinja2",
    "python3-json-pointer",
    "python3-jsonpatch",
    "python3-jsonschema",
    "python3-markupsafe",
    "python3-netifaces",
    "python3-oauthlib",
    "python3-requests",
    "python3-six",
    "python3-urllib3",
    "python3-yaml",
)
READER = """
import json, sys
from cloudinit.sources.helpers import openstack
found = openstack.ConfigDriveReader(sys.argv[1]).read_v2()
found["network"] = openstack.convert_net_json(found["networkdata"], known_macs=json.loads(sys.argv[2]))
found["userdata"] = found["userdata"].decode() if found.get("userdata") else None
print(json.dumps({key: found[key] for key in ("metadata", "network", "userdata", "vendordata", "version")}))
"""


def unpacked() -> Path:
    """Give the folder that holds cloud-init's modules, fetched by apt the first time."""
    if not CACHE.exists():
        CACHE.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE.parent) as work:
            debs, tree = Path(work, "debs"), Path(work, "tree")
            debs.mkdir()
            fetch = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *PACKAGES]
            subprocess.run(fetch, cwd=debs, check=True)
            for deb in debs.iterdir():
                subprocess.run(["dpkg", "-x", deb, tree], check=True)
            shutil.move(tree, CACHE)
    return CACHE / "usr" / "lib" / "python3" / "dist-packages"


def read(folder: Path, nics: dict[str, str]) -> dict[str, Any]:
    """Read a config drive's files as a guest would. ``nics``: the guest's MACs and the names that it gave them."""
    done = subprocess.run(
        ["/usr/bin/python3", "-c", READER, folder, json.dumps(nics)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(unpacked())},
        check=True,
        capture_output=True,
        text=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
