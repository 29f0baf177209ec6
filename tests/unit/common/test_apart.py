import os
import pickle
import threading

import pytest

from common import errors
from common.apart import apart


def test_the_work_is_done_in_another_process() -> None:
    assert apart(os.getpid) != os.getpid()


def test_its_error_is_raised_here() -> None:
    def fail() -> None:
        raise errors.SettingsError("wrong")

    with pytest.raises(errors.SettingsError, match="wrong"):
        apart(fail)


def test_a_process_that_is_killed_is_told_of() -> None:
    with pytest.raises(ChildProcessError, match="was killed"):
        apart(lambda: os.kill(os.getpid(), 9))


def test_beside_threads_it_is_done_right_here() -> None:
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    try:
        assert apart(os.getpid) == os.getpid()
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("error", [None, errors.SettingsError("wrong")])
def test_the_child_tells_how_it_ended_and_ends(monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> None:
    def work() -> str:
        if error:
            raise error
        return "done"

    def ended(status: int) -> None:
        raise SystemExit(status)

    reader, writer = os.pipe()
    monkeypatch.setattr(os, "pipe", lambda: (os.dup(reader), writer))
    monkeypatch.setattr(os, "fork", lambda: 0)
    monkeypatch.setattr(os, "_exit", ended)
    with pytest.raises(SystemExit, match="0"):
        apart(work)
    with os.fdopen(reader, "rb") as answer:
        result, told = pickle.loads(answer.read())
    assert (result, str(told)) == ((None, "wrong") if error else ("done", "None"))
