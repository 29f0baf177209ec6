"""The process that keeps a lab running. It says what answers, line by line, then READY, and then only logs."""

import logging
import os
import signal
import sys
from collections.abc import Sequence

from lab import keeper, network, places, plan
from lab.keeper import Part
from lab.parts import Parts

READY = "ready"


def main() -> None:
    """Start all parts, and keep them running for as long as this process lives."""
    log = places.LOG / "keeper.log"
    logging.basicConfig(filename=log, level=logging.INFO, format="%(asctime)s %(message)s")
    places.note_pid("keeper", os.getpid())
    try:
        start(plan.load())
    except Exception as error:
        logging.exception("the lab did not start")
        print(error, flush=True)
        raise SystemExit(1) from None
    print(READY, flush=True)
    with log.open("ab") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    signal.pause()


def start(chosen: plan.Plan) -> None:
    """Start the parts, each kind when those that it needs answer."""
    parts = Parts(chosen)
    if chosen.driver == "libvirt":
        network.make()
    hosts = [*parts.hosts()]
    _answer([*parts.services(), *hosts[:1]])
    parts.keep_capabilities()  # the other hosts find what the first one's libvirt has learnt of QEMU
    _answer([*hosts[1:], *parts.controllers()])
    parts.enroll()
    print("all hosts are enrolled", flush=True)
    _answer([*parts.agents()])


def _answer(parts: Sequence[Part]) -> None:
    for name in keeper.start(parts):
        print(f"{name} runs", flush=True)


if __name__ == "__main__":
    main()
