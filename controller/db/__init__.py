"""SQL: the only room that knows a database. SQLite by default, PostgreSQL in production."""
