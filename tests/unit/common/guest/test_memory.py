import pytest

from tests.unit.common.guest.parsing import parsed, refusal

PAGES, IMAGE = "hw:mem_page_size", "hw_mem_page_size"


@pytest.mark.parametrize(
    ("text", "kib"),
    [
        *(
            ("small", 0),
            ("any", 0),
            ("large", 2048),
            ("4", 0),
            ("4KB", 0),
            ("2048", 2048),
            ("2MB", 2048),
            ("2 MiB", 2048),
        ),
        *(("2m", 2048), ("1GB", 1048576), ("1g", 1048576), ("64k", 64)),
    ],
)
def test_a_size_of_pages_is_read_with_any_unit(text: str, kib: int) -> None:
    guest = parsed({PAGES: text}, memory_mib=2048)
    assert guest.page_kib == kib
    assert [cell.memory_mib for cell in guest.cells] == ([2048] if kib else [])


@pytest.mark.parametrize("text", ["", "huge", "0", "2", "3MB", "2TB", "-2MB", "1.5GB", "٢MB", "32GB", "9" * 13])
def test_what_is_no_size_of_pages_is_refused(text: str) -> None:
    refusal(f"flavor property hw:mem_page_size={text!r}: must be", {PAGES: text})


@pytest.mark.parametrize(
    ("flavor", "image", "kib"),
    [
        ("any", "2MB", 2048),
        ("large", "1GB", 1048576),
        ("any", "small", 0),
        ("2MB", "large", 2048),
        ("2MB", "2048", 2048),
    ],
)
def test_an_image_chooses_where_its_flavor_lets_it(flavor: str, image: str, kib: int) -> None:
    assert parsed({PAGES: flavor}, {IMAGE: image}, memory_mib=1024).page_kib == kib


def test_an_image_alone_gets_no_huge_pages() -> None:
    refusal("hw_mem_page_size needs a flavor that leaves the choice", {}, {IMAGE: "2MB"})
    refusal("hw_mem_page_size='1GB' contradicts flavor property hw:mem_page_size", {PAGES: "2MB"}, {IMAGE: "1GB"})
    refusal("hw_mem_page_size='any' contradicts", {PAGES: "small"}, {IMAGE: "any"})


def test_memory_is_whole_pages() -> None:
    refusal("512 MiB is no multiple of pages of 1048576 KiB", {PAGES: "1GB"})
    refusal(
        "hw:numa_mem.0: 255 MiB are no multiple of pages of 2048 KiB",
        {PAGES: "2MB", "hw:numa_nodes": "2"},
        mib=510,
    )


@pytest.mark.parametrize(
    ("flavor", "image", "locked"),
    [(None, None, False), ("true", None, True), (None, "yes", True), ("True", "yes", True), ("no", "false", False)],
)
def test_memory_is_locked_by_either(flavor: str | None, image: str | None, locked: bool) -> None:
    specs = {"hw:locked_memory": flavor} if flavor else {}
    assert parsed(specs, {"hw_locked_memory": image} if image else {}).locked is locked


def test_locking_is_not_said_twice_differently() -> None:
    refusal("hw_locked_memory='no' contradicts", {"hw:locked_memory": "yes"}, {"hw_locked_memory": "no"})
    refusal("hw:locked_memory='1': must be one of", {"hw:locked_memory": "1"})
