import subprocess
import sys

import coverage
import pytest

from tests.libvirt.conftest import IMAGE
from tests.services.libvirt_host import ROOT


@pytest.mark.timeout(1500)
def test_the_suite_passes_inside_a_host_of_its_own():
    subprocess.run([ROOT / "lab" / "tiny-image", IMAGE], check=True)
    measured = ["-m", "coverage", "run"] if coverage.Coverage.current() else []
    command = [ROOT / "lab" / "in-host", sys.executable, *measured, "-m", "pytest", "-q", "tests/libvirt"]
    assert subprocess.run(command, cwd=ROOT).returncode == 0
