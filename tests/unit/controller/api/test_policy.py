import os
import runpy
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from oslo_policy import policy as oslo

from common import errors
from common.model.identity import Who
from controller.api.policy import Policy, Rule, implied
from controller.api.policy_sample import rules, sample

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[4]


def who(*roles: str) -> Who:
    return Who(
        user_id="me",
        user_name="me",
        project_id="mine",
        project_name="mine",
        roles=implied(roles),
        expires_at=NOW,
        issued_at=NOW,
        audit_id="a",
    )


def test_roles_imply_lesser_ones() -> None:
    assert implied(["admin"]) == ("admin", "member", "reader")
    assert implied(["member", "cook"]) == ("cook", "member", "reader")


@pytest.mark.parametrize(
    ("role", "project", "may"),
    [("member", "mine", True), ("member", "other", False), ("reader", "mine", False), ("admin", "other", True)],
)
def test_members_act_in_their_project_and_operators_everywhere(role: str, project: str, may: bool) -> None:
    policy = Policy(rules())
    assert policy.allows("image:add_image", who(role), {"project_id": project}) is may


def test_a_file_overrides_a_rule(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text('"image:add_image": "role:cook"\n')
    policy = Policy(rules(), str(file))
    assert policy.allows("image:add_image", who("cook"), {"project_id": "other"})
    assert not policy.allows("image:add_image", who("member"), {"project_id": "mine"})


def test_a_file_that_changes_counts_from_then_on(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text('"image:add_image": "role:cook"\n')
    policy = Policy(rules(), str(file))
    assert policy.allows("image:add_image", who("cook"), {"project_id": "mine"})
    file.write_text('"image:add_image": "role:baker"\n')
    os.utime(file, (2e9, 2e9))
    assert not policy.allows("image:add_image", who("cook"), {"project_id": "mine"})
    assert policy.allows("image:add_image", who("baker"), {"project_id": "mine"})
    file.unlink()
    assert policy.allows("image:add_image", who("baker"), {"project_id": "mine"}), "one that is gone says nothing new"


def test_only_so_many_decisions_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.api.policy.MOST_DECIDED", 1)
    policy = Policy(rules())
    asked = [policy.allows("image:add_image", who(role), {"project_id": "mine"}) for role in ("member", "reader") * 2]
    assert asked == [True, False, True, False]


@pytest.mark.parametrize("content", ["- no\n- rules", '"image:misspelt": "@"', "{"])
def test_a_file_that_is_no_policy_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(content)
    with pytest.raises(errors.SettingsError, match=r"policy\.yaml"):
        Policy(rules(), str(file))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.SettingsError, match="No such file"):
        Policy(rules(), str(tmp_path / "policy.yaml"))


def test_a_rule_that_nobody_wrote_down_is_a_mistake() -> None:
    with pytest.raises(oslo.PolicyNotRegistered):
        Policy([Rule("a", "@", "a")]).allows("b", who("admin"), {"project_id": "mine"})


def test_names_of_rules_are_unique() -> None:
    names = [rule.name for rule in rules()]
    assert len(names) == len(set(names))


def test_the_sample_is_what_the_code_generates() -> None:
    assert (ROOT / "etc" / "toft" / "policy.yaml.sample").read_text() == sample()


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
def test_the_sample_is_written_where_it_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["policy_sample", str(tmp_path / "sample")])
    runpy.run_module("controller.api.policy_sample", run_name="__main__")
    assert (tmp_path / "sample").read_text() == sample()
