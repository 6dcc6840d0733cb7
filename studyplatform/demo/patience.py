"""The demo goes on when a server is away for a moment, as staff and participants would."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
from django.db import InterfaceError, OperationalError, connection

PATIENCE = 60.0  # seconds
PAUSE = 0.2
T = TypeVar("T")


def answered(ask: Callable[[], T]) -> T:
    """What `ask` returns, once the database is there for it; it must be safe to repeat."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return ask()
        except (OperationalError, InterfaceError):
            connection.close()  # it is broken, and the next use makes a new one
            if time.monotonic() > deadline:
                raise
        time.sleep(PAUSE)


async def loaded(ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """The page that comes once the platform can answer; until then people press the button again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            page = await ask()
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
        else:
            if page.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                return page
        await asyncio.sleep(PAUSE)
