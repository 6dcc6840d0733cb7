"""Named points at which `make faults` lets a process die; elsewhere they do nothing.

In test mode CRASH_AT may name a folder. The first process that reaches a point for which a file
lies there removes the file and ends at once, as kill -9 would end it.
"""

from __future__ import annotations

import os
import signal
from enum import StrEnum

from django.conf import settings


class Point(StrEnum):
    """Where a process may die, in the order in which delivering and answering come by."""

    BEFORE_CLAIM = "before_claim"
    IN_CLAIM = "in_claim"  # taken, and not committed
    AFTER_CLAIM = "after_claim"
    BEFORE_BODY = "before_body"  # the server waits for the body
    AFTER_GATE = "after_gate"  # noted that the body goes out, and nothing sent
    AFTER_BODY = "after_body"  # no answer read
    AFTER_REPLY = "after_reply"  # accepted, and nothing noted
    AFTER_COMMIT = "after_commit"
    IN_SAVE = "in_save"  # a page is written, and not committed
    AFTER_SAVE = "after_save"  # committed, and the browser knows nothing of it
    IN_AMENDMENT = "in_amendment"  # some people are moved to a new version, and not committed


def reached(point: Point) -> None:
    """Die here, if a test asks for it."""
    if not settings.CRASH_AT:
        return
    try:
        os.unlink(os.path.join(settings.CRASH_AT, point))
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
