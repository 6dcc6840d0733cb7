"""Who takes part in the demo: a cast drawn from one seed, and the enrolment file they arrive in. Pure."""

from __future__ import annotations

import csv
import hashlib
import io
import random
from dataclasses import dataclass, replace
from datetime import datetime

HOMES = (  # zone, language, share of the cast
    ("Europe/Berlin", "de", 0.40),
    ("Europe/London", "en", 0.20),
    ("America/New_York", "en", 0.25),
    ("Asia/Kolkata", "en", 0.15),
)
FIRST_NAMES = (
    "Alma", "Ben", "Carla", "David", "Elif", "Finn", "Greta", "Hana", "Ivo", "Jonas", "Kira", "Leo",
    "Mina", "Nils", "Olga", "Paul", "Quirin", "Rosa", "Sami", "Tara", "Ulla", "Vera", "Wim", "Yara",
)  # fmt: skip
LAST_NAMES = ("Abel", "Berg", "Costa", "Dorn", "Evans", "Frey", "Gupta", "Haas", "Iqbal", "Jung")
SITES = ("north", "south")
DEAD_ADDRESS = "closed.mailbox@example.org"  # of the last of the cast; every mail to it bounces


@dataclass(frozen=True)
class Character:
    """One simulated person; `number` counts from 0 and names their random streams."""

    number: int
    code: str
    email: str
    name: str
    language: str
    timezone: str
    site: str


def stream(seed: int, *names: object) -> random.Random:
    """A random stream of its own for every decision, so that the order of decisions is irrelevant."""
    text = ":".join(str(part) for part in (seed, *names))
    return random.Random(hashlib.sha256(text.encode()).digest())  # noqa: S311  simulation, no secret


def cast(seed: int, n: int) -> list[Character]:
    """Draw `n` people; the same seed gives the same people."""
    drawn = [_character(seed, number) for number in range(n)]
    return [*drawn[:-1], replace(drawn[-1], email=DEAD_ADDRESS)]


def enrolment_csv(people: list[Character], consented_at: datetime, consent_version: int) -> str:
    """The cast as the file that a coordinator would upload."""
    out = io.StringIO()
    columns = ("code", "email", "name", "language", "timezone", "site")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*columns, "consent_version", "consented_at"))
    for person in people:
        fields = [getattr(person, column) for column in columns]
        writer.writerow((*fields, consent_version, consented_at.isoformat()))
    return out.getvalue()


def _character(seed: int, number: int) -> Character:
    draw = stream(seed, "person", number)
    zone, language = _home(draw)
    first, last = draw.choice(FIRST_NAMES), draw.choice(LAST_NAMES)
    letters = "".join(draw.choice("BCDFGHJKMNPQRSTVWXYZ") for _ in range(3))
    return Character(
        number=number,
        code=f"{letters}-{number + 1:03d}",
        email=f"{first}.{last}.{number + 1}@example.org".lower(),
        name=f"{first} {last}",
        language=language,
        timezone=zone,
        site=draw.choice(SITES),
    )


def _home(draw: random.Random) -> tuple[str, str]:
    zone, language, _ = draw.choices(HOMES, weights=[share for *_, share in HOMES])[0]
    return zone, language
