"""Moments in words: where the participant lives, and UTC. Pure; explanations use it."""

from __future__ import annotations

from datetime import UTC, datetime

from surveys.design.schedule import local


def told(at: datetime, zone: str) -> str:
    """Such as "2027-04-30 at 23:00 in Europe/Berlin (21:00 UTC)"; UTC alone for an unknown zone."""
    utc = at.astimezone(UTC)
    try:
        day, time = local(at, zone)
    except ValueError:
        return f"{utc:%Y-%m-%d} at {utc:%H:%M} UTC"
    there = f"{day} at {time:%H:%M}"
    if zone == "UTC":
        return f"{there} UTC"
    here = f"{utc:%H:%M}" if utc.date() == day else f"{utc:%Y-%m-%d %H:%M}"
    return f"{there} in {zone} ({here} UTC)"
