import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.hostname import hostname_of

SERVER = "0192f0c0-1111-7222-8333-444444444444"


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("web-1", "web-1"),
        ("Web_1.example.org", "web-1-example-org"),
        ("Datenbank (Süd)", "datenbank-sud"),
        ("--a--", "a"),
        ("日本", f"server-{SERVER}"),
        ("", f"server-{SERVER}"),
        ("12345", f"server-{SERVER}"),
        ("a" * 62 + " b", "a" * 62),
    ],
)
def test_hostname(name: str, host: str) -> None:
    assert hostname_of(name, SERVER) == host


@given(st.text())
def test_any_name_gives_one_dns_label(name: str) -> None:
    assert re.fullmatch("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", hostname_of(name, SERVER))
