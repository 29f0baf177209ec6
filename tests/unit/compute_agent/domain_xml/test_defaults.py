import msgspec

from compute_agent.domain_xml.defaults import Defaults, reasons


def test_each_default_has_a_reason() -> None:
    why = reasons()
    assert set(why) == {field.name for field in msgspec.structs.fields(Defaults)}
    assert all(len(reason) > 8 for reason in why.values())
