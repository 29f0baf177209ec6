from datetime import UTC, datetime

import pytest

from common.model.identity import Who

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("roles", "admin"), [((), False), (("member", "reader"), False), (("member", "admin"), True)])
def test_an_admin_is_who_has_the_role(roles: tuple[str, ...], admin: bool) -> None:
    who = Who(
        user_id="u",
        user_name="n",
        project_id=None,
        project_name=None,
        roles=roles,
        expires_at=AT,
        issued_at=AT,
        audit_id="a",
    )
    assert who.is_admin is admin
