"""Who may do what: the rules' form, and oslo.policy asked about them."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from oslo_config import cfg
from oslo_policy import policy

from common import errors
from common.model.identity import Who

ADMIN = "rule:admin"
MEMBER = "rule:project_member"
READER = "rule:project_reader"
ANYONE = "@"
MOST_DECIDED = 16384
"""Decisions that are remembered: the same is asked at each request of a caller."""

NO_FILE = "/nonexistent/toft-policy.yaml"
"""oslo.policy merges the defaults only while it looks for a file."""


@dataclass(frozen=True)
class Rule:
    """One rule: its name, oslo.policy's check, what it is for, and the (method, path) pairs that ask it."""

    name: str
    check: str
    description: str
    operations: tuple[tuple[str, str], ...] = ()


BASE = (
    Rule("admin", "role:admin", "Operators."),
    Rule("project_member", f"{ADMIN} or (role:member and project_id:%(project_id)s)", "Members of the project."),
    Rule("project_reader", f"{ADMIN} or (role:reader and project_id:%(project_id)s)", "Readers of the project."),
    Rule("owner", f"{ADMIN} or user_id:%(user_id)s", "The user itself."),
)
"""What the other rules are made of."""

_IMPLIED = {"admin": ("admin", "member", "reader"), "member": ("member", "reader"), "reader": ("reader",)}


def implied(roles: Iterable[str]) -> tuple[str, ...]:
    """Give roles with those they imply: an admin is a member, a member is a reader."""
    return tuple(sorted({inner for role in roles for inner in _IMPLIED.get(role, (role,))}))


def defaults(rules: Iterable[Rule]) -> list[policy.RuleDefault]:
    """Give the rules in oslo.policy's own classes."""
    return [
        policy.DocumentedRuleDefault(
            rule.name, rule.check, rule.description, [{"method": m, "path": p} for m, p in rule.operations]
        )
        if rule.operations
        else policy.RuleDefault(rule.name, rule.check, rule.description)
        for rule in rules
    ]


def _check_file(path: str, known: set[str]) -> None:
    """See that an operator's file can be read and names rules that there are; a misspelt one would do nothing.

    :raises SettingsError: it does not.
    """
    try:
        found = policy.parse_file_contents(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise errors.SettingsError(f"[api] policy_file {path}: {error}") from error
    if not isinstance(found, dict):
        raise errors.SettingsError(f"[api] policy_file {path}: write one rule a line, name: check")
    if unknown := sorted(set(found) - known):
        raise errors.SettingsError(f"[api] policy_file {path}: there is no rule {unknown[0]}")


class Policy:
    """The rules in force: the defaults, and what an operator's file says otherwise."""

    def __init__(self, rules: Iterable[Rule], override: str = "") -> None:
        conf = cfg.ConfigOpts()
        conf([], project="toft", default_config_files=[], default_config_dirs=[])
        self._enforcer = policy.Enforcer(conf, policy_file=override or NO_FILE)
        conf.set_override("policy_dirs", [], "oslo_policy")
        registered = defaults([*BASE, *rules])
        self._enforcer.register_defaults(registered)
        if override:
            _check_file(override, {rule.name for rule in registered})
        self._override, self._stamp = override, 0
        self._decided: dict[object, bool] = {}

    def allows(self, rule: str, who: Who, target: Mapping[str, str]) -> bool:
        """Say whether ``who`` may do that to the target, which has at least ``project_id``."""
        self._notice_changes()
        asked = (rule, who.user_id, who.project_id, who.roles, who.is_admin, *target.items())
        known = self._decided.get(asked)
        if known is None:
            known = self._decided[asked] = self._decide(rule, who, target)
        return known

    def _notice_changes(self) -> None:
        """Forget what was decided where the operator's file has changed since, or where that is very much."""
        stamp = self._stamp
        if self._override:
            with suppress(OSError):  # one that is gone for a moment is being replaced
                stamp = Path(self._override).stat().st_mtime_ns
        if stamp != self._stamp or len(self._decided) >= MOST_DECIDED:
            self._stamp, self._decided = stamp, {}

    def _decide(self, rule: str, who: Who, target: Mapping[str, str]) -> bool:
        credentials = {
            "user_id": who.user_id,
            "project_id": who.project_id,
            "roles": list(who.roles),
            "is_admin": who.is_admin,
        }
        return bool(self._enforcer.authorize(rule, dict(target), credentials))
