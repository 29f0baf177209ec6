"""Every kind of workflow there is."""

from controller.workflow.saga import Workflow
from controller.workflow.server_create import CREATE
from controller.workflow.server_delete import DELETE
from controller.workflow.server_power import START, STOP
from controller.workflow.server_reboot import REBOOT

WORKFLOWS: dict[str, Workflow] = {w.kind: w for w in (CREATE, DELETE, START, STOP, REBOOT)}
