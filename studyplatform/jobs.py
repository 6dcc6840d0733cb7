"""The periodic jobs: which task beat rings for, how often, and when its silence is a fault.

Beat only rings. What is due, and whether a check of the last hour is still good, the database says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple


class Job(NamedTuple):
    """One job; times in seconds."""

    task: str
    every: float  # between two rings
    silent: float  # without a finished run for so long, something is wrong


def jobs(tick: float) -> Mapping[str, Job]:
    """All jobs by the name under which their heartbeats are kept."""
    prompt, patient = max(120, 4 * tick), max(600, 8 * tick)
    return {
        "sweep": Job("surveys.tasks.sweep", tick, prompt),
        "deliver": Job("surveys.tasks.deliver", tick, prompt),
        "notify": Job("surveys.tasks.notify", tick, prompt),
        "build_queued": Job("analytics.tasks.build_queued", tick, prompt),
        "adopt": Job("surveys.tasks.adopt", tick, patient),
        "reconcile": Job("surveys.tasks.reconcile", 2 * tick, patient),
    }


def beat_schedule(known: Mapping[str, Job]) -> dict[str, dict[str, Any]]:
    """The jobs as Celery's beat wants them; `ticking` lets no rings pile up that nobody heard."""
    return {
        name: {"task": job.task, "schedule": timedelta(seconds=job.every)}
        for name, job in known.items()
    }
