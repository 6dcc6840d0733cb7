"""Who acts: a value that every action takes as `by`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """The four kinds of actor that an event can name."""

    STAFF = "staff"
    PARTICIPANT = "participant"
    SYSTEM = "system"
    API = "api"


@dataclass(frozen=True)
class Actor:
    """`name` is a public code: a staff code, a participant code or a job's name."""

    kind: ActorKind
    name: str

    @classmethod
    def system(cls, job: str) -> Actor:
        """A periodic job or a command."""
        return cls(ActorKind.SYSTEM, job)

    @classmethod
    def participant(cls, code: str) -> Actor:
        """A participant, by their pseudonym."""
        return cls(ActorKind.PARTICIPANT, code)
