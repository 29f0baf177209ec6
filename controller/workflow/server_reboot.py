"""server.reboot: the guest is started anew, once for its generation.

Begin it with power on, generation+1, the state REBOOT or HARD_REBOOT, and data ``{"restart": "soft"}`` or ``"hard"``;
each goal of that generation carries it, and the agent's journal sees that it is done once.
"""

from controller.workflow import settling
from controller.workflow.saga import Workflow
from controller.workflow.server_power import STEPS

REBOOT = Workflow(
    "server.reboot", STEPS, deadline=lambda world: world.settings.controller.act_seconds, fail=settling.mark_failed
)
