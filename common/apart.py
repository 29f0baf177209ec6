"""Work done in a process of its own, so that what it imports and allocates goes with it.

Reading settings and migrating a schema take libraries of many megabytes that a service never uses again.
"""

import os
import pickle
import threading
from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")


def apart(work: Callable[[], R]) -> R:
    """Do the work in a forked process, and give its result or raise its error; both must survive pickling.

    Where threads run already it is done right here: one of them may hold a lock that the fork would never see released.
    """
    if threading.active_count() > 1:
        return work()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(work, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        told = answer.read()
    os.waitpid(child, 0)
    if not told:
        raise ChildProcessError("the work's process was killed")
    result: R
    result, error = pickle.loads(told)  # noqa: S301 (our own child wrote it)
    if error is not None:
        raise error
    return result


def _answer(work: Callable[[], object], writer: int) -> None:
    """Do the work in the child, tell how it ended, and end without what the parent would do at its end."""
    told: tuple[object, BaseException | None]
    try:
        told = (work(), None)
    except BaseException as error:  # it is the parent's to handle
        told = (None, error)
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(pickle.dumps(told))
    os._exit(0)
