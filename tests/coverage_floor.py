"""Fail where a file's coverage, lines and branches together, is below the floor: an average hides the holes."""

import json
import subprocess
import sys

REPORT = [sys.executable, "-m", "coverage", "json", "-q", "-o", "/dev/stdout"]


def main(floor: float) -> int:
    """Print the files below ``floor`` percent, worst first; gives the exit status."""
    report = subprocess.run(REPORT, check=True, capture_output=True, text=True)
    files = json.loads(report.stdout)["files"]
    percent = {name: file["summary"]["percent_covered"] for name, file in files.items()}
    below = sorted((name for name in files if percent[name] < floor), key=lambda name: percent[name])
    for name in below:
        print(f"{percent[name]:6.1f} %  {name}  lines {files[name]['missing_lines'][:12]}")
    print(f"{len(files)} files, {len(below)} below {floor:g} %")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
