"""Starts many agents quickly: one process imports them once, and forks one process for each settings file.

It reads "config-file log-file" lines, answers each with the child's pid, and ends its children when its input ends.
"""

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

from compute_agent.cmd.agent import agent


def main() -> None:
    """Fork an agent for each line; kill and await them all at the end."""
    children = []
    for line in sys.stdin:
        config, log = line.split()
        pid = os.fork()
        if pid == 0:
            _be_agent(config, log)
        children.append(pid)
        print(pid, flush=True)
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in children:
        os.waitpid(pid, 0)


def _be_agent(config: str, log: str) -> NoReturn:
    """Become an agent whose words go to a file, and which is nobody's input."""
    out = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    for number, target in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (out, 2)):
        os.dup2(number, target)
    status = 1
    try:
        agent.main(["--config", config], standalone_mode=False)
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
