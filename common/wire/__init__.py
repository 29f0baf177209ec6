"""What crosses the bus: commands to a host, events from it. The Structs are the schema.

A command says how a thing is to be (a goal at a generation), never what to do; an event says what was seen. Both are
JSON.

    controller -> host   Command: welcome, lease, converge, query
    host -> controller   Event:   hello, heartbeat, inventory, states, usage, settled, failed, power, stale, answer
"""

from common.wire.commands import COMMANDS, Command, Lease, Query, Sealed, Wanted, Welcome
from common.wire.goals import (
    Device,
    DriveGoal,
    Goal,
    Hardware,
    ImageSource,
    NetworkGoal,
    PlacedCell,
    Placement,
    PortGoal,
)
from common.wire.limits import ENTRIES, LIMIT, Amount, Count, Cpus, Id, Message, Moment, Name, Number, Real, Text
from common.wire.packing import NUL, body_of, pack, raw, unpack
from common.wire.reports import (
    EVENTS,
    Answer,
    Cell,
    Event,
    Failed,
    Heartbeat,
    Hello,
    Inventory,
    PciDevice,
    PowerSeen,
    Present,
    Route,
    ServerUsage,
    Settled,
    Stale,
    States,
    Usage,
)

__all__ = [
    "COMMANDS",
    "ENTRIES",
    "EVENTS",
    "LIMIT",
    "NUL",
    "Amount",
    "Answer",
    "Cell",
    "Command",
    "Count",
    "Cpus",
    "Device",
    "DriveGoal",
    "Event",
    "Failed",
    "Goal",
    "Hardware",
    "Heartbeat",
    "Hello",
    "Id",
    "ImageSource",
    "Inventory",
    "Lease",
    "Message",
    "Moment",
    "Name",
    "NetworkGoal",
    "Number",
    "PciDevice",
    "PlacedCell",
    "Placement",
    "PortGoal",
    "PowerSeen",
    "Present",
    "Query",
    "Real",
    "Route",
    "Sealed",
    "ServerUsage",
    "Settled",
    "Stale",
    "States",
    "Text",
    "Usage",
    "Wanted",
    "Welcome",
    "body_of",
    "pack",
    "raw",
    "unpack",
]
