import pytest

from common.resources import pci_class


@pytest.mark.parametrize(("vendor", "product"), [("0x8086", "0x1521"), ("8086", "1521"), ("0X8086", "1521")])
def test_a_pci_class_is_named_alike_by_whoever_asks_and_whoever_has_it(vendor, product):
    assert pci_class(vendor, product) == "pci:8086:1521"


def test_a_short_number_is_filled_up():
    assert pci_class("0x1", "AB") == "pci:0001:00ab"
