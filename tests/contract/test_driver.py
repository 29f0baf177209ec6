import msgspec
import pytest

from common import errors
from common.guest import features
from common.wire import Cell, ImageSource, PciDevice, PlacedCell, Placement
from compute_agent.driver.memory import INVENTORY, MemoryDriver
from tests.contract.driver_suite import DriverSuite, goal_for, prepare


class TestMemoryDriver(DriverSuite):
    @pytest.fixture
    def driver(self):
        driver = MemoryDriver()
        driver.connect(lambda event: None)
        yield driver
        driver.close()

    @pytest.fixture
    def image(self):
        return ImageSource(digest="1" * 64, format="qcow2", size=1024, virtual_size=1024**3)

    def test_it_pretends_to_do_all_that_a_guest_may_ask_for(self, driver):
        assert driver.features >= features.ALL

    def test_it_has_the_cells_and_devices_that_it_is_given(self, driver, image):
        card = PciDevice(address="0000:01:00.0", vendor="8086", product="1521")
        cell = Cell(id=0, cpus=(0, 1), memory_mib=1024, dedicated=(1,))
        driver.resize(msgspec.structs.replace(INVENTORY, cells=(cell,), pci=(card,)))
        place = Placement(cells=(PlacedCell(cell=0, vcpus=(0,), memory_mib=128),), devices=(card.address,))
        goal = goal_for(image, placement=place)
        prepare(driver, goal)
        assert driver.define(goal).devices
        other = msgspec.structs.replace(place, devices=("0000:02:00.0",))
        with pytest.raises(errors.HypervisorError, match="not here: 0000:02"):
            driver.define(msgspec.structs.replace(goal, placement=other))
