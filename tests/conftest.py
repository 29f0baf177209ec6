"""Fixtures that many tests share. Services are started once, when the first test asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.db.engine import Store
from tests.services import postgresql as services_postgresql
from tests.services import rabbitmq as services_rabbitmq
from tests.services.stores import Stores


@pytest.fixture(scope="session")
def postgresql() -> Iterator[services_postgresql.PostgreSQL]:
    """A real PostgreSQL server."""
    with services_postgresql.running() as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[services_rabbitmq.RabbitMQ]:
    """A real RabbitMQ; take ``fresh_url()`` to have all names to yourself."""
    with services_rabbitmq.running() as broker:
        yield broker


@pytest.fixture(scope="session")
def managed_rabbitmq() -> Iterator[services_rabbitmq.RabbitMQ]:
    """A real RabbitMQ with its management API."""
    with services_rabbitmq.running(management=True) as broker:
        yield broker


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Stores:
    """The maker of fresh, migrated stores."""
    return Stores(tmp_path_factory.mktemp("stores"), lambda: request.getfixturevalue("postgresql"))


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, stores: Stores, tmp_path: Path) -> Iterator[Store]:
    """A fresh, migrated store on each database."""
    with getattr(stores, request.param)(tmp_path) as made:
        yield made


@pytest.fixture
def sqlite_store(stores: Stores, tmp_path: Path) -> Iterator[Store]:
    """A fresh, migrated store on SQLite alone, where the database makes no difference."""
    with stores.sqlite(tmp_path) as made:
        yield made


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate", action="store_true", help="write golden files anew from what the code makes")


@pytest.fixture
def regenerate(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written anew."""
    return bool(request.config.getoption("--regenerate"))
