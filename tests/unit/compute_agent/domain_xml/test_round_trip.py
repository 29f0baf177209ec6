import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compute_agent.domain_xml.mapping import Node
from tests.unit.compute_agent.domain_xml.nodes import CLASSES, instances


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(data=st.data())
def test_what_is_written_is_read_again(kind: type[Node], data: st.DataObject) -> None:
    node = data.draw(instances(kind))
    assert kind.from_xml(node.to_xml()) == node


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}")
def test_each_class_says_what_it_is(kind: type[Node]) -> None:
    assert kind.__doc__
    assert kind.PLACES
