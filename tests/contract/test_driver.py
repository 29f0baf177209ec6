import pytest

from common.wire import ImageSource
from compute_agent.driver.memory import MemoryDriver
from tests.contract.driver_suite import DriverSuite


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
