"""The parts of a session, each given those that it works with."""

from compute_agent.allowance import Allowance
from compute_agent.converge import Convergence
from compute_agent.drift import Drift
from compute_agent.lease import Standing
from compute_agent.outbox import Outbox
from compute_agent.pace import Pace
from compute_agent.reporter import Reporter
from compute_agent.runner import Runner
from compute_agent.wishes import Wishes
from compute_agent.world import World

RETURN_SECONDS = 10.0
"""The span in which ``[agent] returns_at_once`` guests are started after the host's restart."""


class Parts:
    """What a session is made of; all begin anew with it, but for what the journal keeps."""

    def __init__(self, world: World) -> None:
        clock, settings, host = world.clock, world.settings, world.identity.host
        self.pace = Pace(host)
        self.runner = Runner(world.lanes, clock)
        self.outbox = Outbox(host, world.journal, clock, world.ids)
        self.wishes = Wishes(Allowance(clock, settings.returns_at_once, RETURN_SECONDS))
        self.convergence = Convergence(world, self.runner, self.outbox, self.wishes)
        self.drift = Drift(world, self.convergence, self.wishes)
        self.reporter = Reporter(world, self.runner, self.outbox, self.convergence, self.drift, self.pace)
        self.standing = Standing(clock)
