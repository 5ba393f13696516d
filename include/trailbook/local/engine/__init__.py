"""Athena's SQL on DuckDB: parse (sqlglot), analyse with Trino's types, emit DuckDB SQL, run, format as Athena does.

Invariant: what is not known to be equal is refused with NOT_SUPPORTED; there is no silent fall-through to DuckDB.
"""
