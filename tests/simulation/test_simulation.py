"""The simulator itself: the same seed is the same run, what fails shrinks, and a short run finds nothing wrong."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.simulation.blows import KINDS
from tests.simulation.runs import Simulation, folder_in_memory
from tests.simulation.schedule import Choice
from tests.simulation.shrink import shrunken
from tests.simulation.starts import Starts
from tests.simulation.story import story
from tests.simulation.trace import Line, counted
from tests.simulation.weather import BLOWS, weather

ROOT = Path(__file__).parents[2]
DIGEST = """
from tests.simulation.runs import Simulation, folder_in_memory
with folder_in_memory() as folder:
    made = Simulation(folder)
    print(made.run(1, 250).digest)
    made.close()
"""


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with folder_in_memory() as folder:
        made = Simulation(folder, quiet=False)
        yield made
        made.close()


def test_a_short_run_finds_nothing_wrong(simulation: Simulation) -> None:
    faults: Counter[str] = Counter()
    for seed in range(8):
        outcome = simulation.run(seed, 300)
        assert outcome.broken is None, f"make simulate SEED={seed} EVENTS=300"
        faults += outcome.faults
    assert counted(faults) > 150
    assert {"message lost", "message doubled", "message reordered"} <= faults.keys()


def test_a_seed_is_the_same_run_in_every_process() -> None:
    environments = [{**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)} for seed in ("1", "2")]
    digests = {
        subprocess.run([sys.executable, "-c", DIGEST], cwd=ROOT, env=one, capture_output=True, check=True).stdout
        for one in environments
    }
    assert len(digests) == 1


def test_what_was_chosen_can_be_done_again(simulation: Simulation) -> None:
    first = simulation.run(2, 200)
    again = simulation.replay(2, first.choices, keeps=True)
    assert (again.digest, again.faults) == (first.digest, first.faults)
    assert len(list(story(again.lines))) > 50


def test_parts_of_a_schedule_can_be_left_out(simulation: Simulation) -> None:
    choices = simulation.run(2, 200).choices
    assert simulation.replay(2, choices[::3]).broken is None


def test_a_failing_schedule_shrinks_to_what_is_needed() -> None:
    choices: list[Choice] = [("time", float(n)) for n in range(100)]

    def fails(some: Sequence[Choice]) -> bool:
        return ("time", 17.0) in some and ("time", 80.0) in some

    assert shrunken(choices, fails) == [("time", 17.0), ("time", 80.0)]


def test_a_story_leaves_out_what_is_routine() -> None:
    server = "019b76dc-d382-700a-8d92-a4fdc9a5a440"
    lines = [
        Line(1.0, "controller-0", "tenure: commits 1 changes", False),
        Line(1.0, "host-1", f"define in server:{server}", False),
        Line(1.0, "host-1", "says heartbeat, states", False),
        Line(2.5, "host-1", "power loss: 1 guests stop", True),
    ]
    assert list(story(lines)) == [
        "     1.00 s   host-1         define in server:..a440",
        "     2.50 s * host-1         power loss: 1 guests stop",
    ]


def test_cheap_faults_are_a_third_of_what_counts_at_most() -> None:
    assert counted(Counter({"message reordered": 90, "message doubled": 10, "power loss": 8})) == 12
    assert counted(Counter({"message reordered": 2, "power loss": 8})) == 10


def test_a_guest_may_start_once_for_each_wish_and_each_thing_that_stopped_it() -> None:
    starts = Starts()
    assert starts.seen("h", "s", boots=1, generation=1)
    assert starts.seen("h", "s", boots=2, generation=2)
    starts.stopped("h", "s")
    assert starts.seen("h", "s", boots=3, generation=2)
    assert starts.seen("h", "s", boots=3, generation=2)
    assert not starts.seen("h", "s", boots=4, generation=2)
    starts.forgot("h", ["s"])
    assert starts.seen("h", "s", boots=5, generation=2)
    assert starts.seen("h", "later", boots=1, generation=1)
    assert not starts.seen("h", "later", boots=2, generation=1)


def test_every_fault_that_weather_brings_can_befall() -> None:
    assert KINDS.keys() == BLOWS.keys()
    assert weather(7) == weather(7)
