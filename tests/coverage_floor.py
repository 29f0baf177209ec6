"""Fail where a file's coverage, lines and branches together, is below the floor: an average hides the holes."""

import json
import subprocess
import sys


def main(floor: float) -> int:
    report = subprocess.run(
        [sys.executable, "-m", "coverage", "json", "-q", "-o", "/dev/stdout"], check=True, capture_output=True, text=True
    )
    files = json.loads(report.stdout)["files"]
    below = {name: f["summary"]["percent_covered"] for name, f in files.items() if f["summary"]["percent_covered"] < floor}
    for name, percent in sorted(below.items(), key=lambda item: item[1]):
        print(f"{percent:6.1f} %  {name}  lines {files[name]['missing_lines'][:12]}")
    print(f"{len(files)} files, {len(below)} below {floor:g} %")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
