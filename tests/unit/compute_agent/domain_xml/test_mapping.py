import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import errors
from compute_agent.domain_xml.mapping import INT, YES_NO, Node, attr, child, children, element, flag, text


@element("wheel")
class Wheel(Node):
    size: int = attr(codec=INT)


@element("mark", namespace="https://example.org/mark", prefix="ex")
class Mark(Node):
    id: str = attr()


@element("car")
class Car(Node):
    name: str = attr()
    color: str | None = attr("paint/coat", "color", default=None)
    sold: bool | None = attr(codec=YES_NO, default=None)
    note: str | None = text("note", default=None)
    electric: bool = flag("electric", default=False)
    spare: Wheel | None = child(Wheel, "boot", default=None)
    wheels: tuple[Wheel, ...] = children(Wheel, at="axle", default=())
    mark: Mark | None = child(Mark, default=None)


FULL = Car(
    name="a",
    color="red",
    sold=False,
    note="n",
    electric=True,
    spare=Wheel(size=1),
    wheels=(Wheel(size=2), Wheel(size=3)),
    mark=Mark(id="m"),
)


def test_each_kind_of_place_is_written() -> None:
    assert FULL.to_xml() == (
        '<car xmlns:ex="https://example.org/mark" name="a" sold="no">\n'
        '  <paint>\n    <coat color="red" />\n  </paint>\n'
        "  <note>n</note>\n"
        "  <electric />\n"
        '  <boot>\n    <wheel size="1" />\n  </boot>\n'
        '  <axle>\n    <wheel size="2" />\n    <wheel size="3" />\n  </axle>\n'
        '  <ex:mark id="m" />\n'
        "</car>\n"
    )
    assert Car.from_xml(FULL.to_xml()) == FULL


def test_what_is_absent_is_not_written() -> None:
    assert Car(name="a").to_xml() == '<car name="a" />\n'


def test_what_is_not_declared_is_passed_over() -> None:
    read = Car.from_xml("<car name='a' year='1999'><radio/><axle><chain/><wheel size='2'/></axle></car>")
    assert read == Car(name="a", wheels=(Wheel(size=2),))


def test_an_optional_value_that_cannot_be_understood_is_its_default() -> None:
    assert Car.from_xml("<car name='a' sold='perhaps'><note/></car>") == Car(name="a")


@pytest.mark.parametrize("document", ["<wheel/>", "<wheel size='big'/>", "<tyre size='1'/>", "no xml", "<wheel"])
def test_a_document_without_what_must_be_there_is_refused(document: str) -> None:
    with pytest.raises(errors.HypervisorError):
        Wheel.from_xml(document)


@pytest.mark.parametrize("bad", ["\0", "a\x01b", "\x1b[2J", "\r", "\ud800", "x\udfff", "\ufffe", "\uffff", "\x0b"])
@pytest.mark.parametrize("field", ["name", "color", "note"])
def test_characters_that_xml_cannot_carry_are_refused(field: str, bad: str) -> None:
    with pytest.raises(errors.BadRequest, match=r"U\+"):
        Car(**{"name": "a", field: bad}).to_xml()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff\r"), min_size=1))
def test_any_text_arrives_intact_or_is_refused(value: str) -> None:
    car = Car(name=value, note=value)
    if any(ord(c) < 32 and c not in "\t\n" for c in value):
        with pytest.raises(errors.BadRequest):
            car.to_xml()
    else:
        assert Car.from_xml(car.to_xml()) == car


@pytest.mark.parametrize("hostile", ["</note><evil/>", "\"'><x y='", "]]>&amp;&lt;", "<!-- -->", "𝄞 日本 \t\n", "&#0;"])
def test_hostile_text_stays_text(hostile: str) -> None:
    car = Car(name=hostile, color=hostile, note=hostile)
    assert Car.from_xml(car.to_xml()) == car


def test_a_declared_name_wins_over_the_field() -> None:
    assert [place.name for field, place in Car.PLACES if field in ("color", "name")] == ["name", "color"]
