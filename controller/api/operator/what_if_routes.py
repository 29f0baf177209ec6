"""Endpoints that answer what would be, and change nothing; and the rules they ask."""

from controller.api.operator.handlers import fit, fragmentation, recording, room
from controller.api.policy import ADMIN, Rule
from controller.api.route import Route

ROUTES: tuple[Route, ...] = (
    Route("GET", "/fit", fit.show),
    Route("GET", "/room", room.show),
    Route("GET", "/fragmentation", fragmentation.show),
    Route("GET", "/recording", recording.show),
)
RULES: tuple[Rule, ...] = (
    Rule(
        "operator:what_if",
        ADMIN,
        "Ask what would fit and what would have to move, and export decisions.",
        tuple(("GET", f"/toft/v1/{path}") for path in ("fit", "room", "fragmentation", "recording")),
    ),
)
