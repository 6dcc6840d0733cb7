"""A clean place for each demo: an empty database of its own, an empty mail folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql


def url_of(url: str) -> str:
    """The demo's database beside somebody's own: the same server, the name with `_demo`."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path + "_demo"))


def recreate_database(url: str) -> None:
    """Drop the demo's database and make it anew; nobody else's is touched."""
    parts = urlsplit(url)
    name = sql.Identifier(parts.path.strip("/"))
    maintenance = urlunsplit(parts._replace(path="/postgres"))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))


def empty(folder: Path) -> None:
    """Make the folder, without what an earlier demo left in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
