"""The store: canonical tables plus one change log, in SQLite or PostgreSQL.

:mod:`~recsys.store.port` is what the rest of the project sees; ``open_store`` in
:mod:`~recsys.store.sql_store` makes one. ``README.md`` keeps the decisions.
"""
