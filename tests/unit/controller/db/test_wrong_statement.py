"""A wrong statement is our own error; it is not taken for a database that is away."""

import pytest
import sqlalchemy as sa

from common import errors
from controller.db.engine import Store


def test_a_table_that_is_not_there_is_no_absent_database(store: Store) -> None:
    with pytest.raises(sa.exc.DBAPIError), store.tx() as tx:
        tx.one(sa.text("SELECT * FROM nowhere"))


def test_a_file_that_cannot_be_opened_is_one() -> None:
    nowhere = Store("sqlite:////nowhere/toft.sqlite")
    with pytest.raises(errors.DatabaseUnavailable), nowhere.read() as tx:
        tx.one(sa.text("SELECT 1"))
    nowhere.close()
