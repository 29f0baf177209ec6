"""The life of a server as one table of moves; the diagram in the documents is drawn from it."""

import enum

from common import errors


class State(enum.StrEnum):
    """What a tenant sees as a server's status."""

    BUILD = "BUILD"
    ACTIVE = "ACTIVE"
    SHUTOFF = "SHUTOFF"
    REBOOT = "REBOOT"
    HARD_REBOOT = "HARD_REBOOT"
    ERROR = "ERROR"
    DELETED = "DELETED"


class Power(enum.StrEnum):
    """How a server's guest is, or is wished to be."""

    ON = "on"
    OFF = "off"
    CRASHED = "crashed"
    PAUSED = "paused"
    GONE = "gone"


class Task(enum.StrEnum):
    """What is being done to a server now (OpenStack's task state)."""

    SCHEDULING = "scheduling"
    SPAWNING = "spawning"
    POWERING_ON = "powering-on"
    POWERING_OFF = "powering-off"
    REBOOTING = "rebooting"
    REBOOTING_HARD = "rebooting_hard"
    DELETING = "deleting"


S = State
MOVES: dict[tuple[State, str], State] = {
    (S.BUILD, "built"): S.ACTIVE,
    (S.BUILD, "failed"): S.ERROR,
    (S.ACTIVE, "stopped"): S.SHUTOFF,
    (S.ACTIVE, "reboot"): S.REBOOT,
    (S.ACTIVE, "hard reboot"): S.HARD_REBOOT,
    (S.ACTIVE, "failed"): S.ERROR,
    (S.SHUTOFF, "started"): S.ACTIVE,
    (S.SHUTOFF, "hard reboot"): S.HARD_REBOOT,
    (S.SHUTOFF, "failed"): S.ERROR,
    (S.REBOOT, "started"): S.ACTIVE,
    (S.REBOOT, "stopped"): S.SHUTOFF,
    (S.REBOOT, "failed"): S.ERROR,
    (S.HARD_REBOOT, "started"): S.ACTIVE,
    (S.HARD_REBOOT, "stopped"): S.SHUTOFF,
    (S.HARD_REBOOT, "failed"): S.ERROR,
    (S.ERROR, "started"): S.ACTIVE,
    (S.ERROR, "stopped"): S.SHUTOFF,
    (S.ERROR, "hard reboot"): S.HARD_REBOOT,
    (S.ERROR, "failed"): S.ERROR,
    **{(state, "deleted"): S.DELETED for state in S if state is not S.DELETED},
}
"""(state, what happened) -> the state after it. What is not here cannot happen."""


def moved(state: State, event: str) -> State:
    """Give the state after ``event``.

    :raises Conflict: when a server in this state cannot do that.
    """
    try:
        return MOVES[state, event]
    except KeyError:
        raise errors.Conflict(f"a server that is {state} cannot be {event}") from None


def diagram() -> str:
    """Draw the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> BUILD: create"]
    lines += [f"    {before} --> {after}: {event}" for (before, event), after in MOVES.items()]
    return "\n".join([*lines, "    DELETED --> [*]"])
