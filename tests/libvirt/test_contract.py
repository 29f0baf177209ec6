import pytest

from tests.contract.driver_suite import DriverSuite


class TestLibvirtDriver(DriverSuite):
    @pytest.fixture
    def image(self, tiny):
        return tiny
