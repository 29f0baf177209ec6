"""The ledger: what each host has, and which server claimed how much of it. Exact, and kept here only.

Whoever changes a host's rows locks the host's row first, or wins the comparison of its ``generation``; each change
raises that generation. So one host's rows have one writer at a time, whatever the database.

Amounts are rows by NUMA cell and resource class (``WHOLE``: of the whole host). A CPU for dedicated use and a device
are rows of their own, with the server that has it.
"""

from controller.db.ledger.audit import verify
from controller.db.ledger.claims import Claim, claim, claimants, claims, release
from controller.db.ledger.inventory import apply_inventory
from controller.db.ledger.news import News, late, news
from controller.db.ledger.pieces import Cpu, Device, Held
from controller.db.ledger.report import physical
from controller.db.ledger.rows import WHOLE, Stock, stocks
from controller.db.ledger.shelves import Shelf, shelves

__all__ = [
    "WHOLE",
    "Claim",
    "Cpu",
    "Device",
    "Held",
    "News",
    "Shelf",
    "Stock",
    "apply_inventory",
    "claim",
    "claimants",
    "claims",
    "late",
    "news",
    "physical",
    "release",
    "shelves",
    "stocks",
    "verify",
]
