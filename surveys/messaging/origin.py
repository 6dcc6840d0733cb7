"""Which database this is. Its key is part of its content, so a copy or a restored backup has the
key of the original; the place, a server and a database on it, is not. `restoring` compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from surveys.lib import sql

PLACE = """
    (SELECT system_identifier::text FROM pg_control_system()) || '/' ||
    (SELECT oid::text FROM pg_database WHERE datname = current_database())
"""

_BEGIN = f"""
    INSERT INTO surveys_databaseorigin (id, key, place) VALUES (1, gen_random_uuid(), {PLACE})
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - put together from the constant above

# A claim that is given back deletes its attempts, and a sequence never goes back, not even in a
# crash, behind what was committed: numbers of claims are compared with it. An attempt whose body
# began stays for good: those are compared with the rows.
_STANDING = f"""
    SELECT o.key, o.place, {PLACE},
        coalesce(pg_sequence_last_value(
            pg_get_serial_sequence('surveys_deliveryattempt', 'id')::regclass), 0),
        coalesce((SELECT a.id FROM surveys_deliveryattempt a
                  WHERE a.body_started_at IS NOT NULL ORDER BY a.id DESC LIMIT 1), 0)
    FROM surveys_databaseorigin o
"""  # noqa: S608 - put together from the constant above

_RENEW = f"UPDATE surveys_databaseorigin SET key = gen_random_uuid(), place = {PLACE}"  # noqa: S608
_SETTLE = f"UPDATE surveys_databaseorigin SET place = {PLACE}"  # noqa: S608


@dataclass(frozen=True)
class Standing:
    """Which database this is, where it stands, and how far its own rows say sending came."""

    key: UUID
    place: str
    place_now: str
    claimed: int
    started: int

    @property
    def has_moved(self) -> bool:
        """Whether it stands elsewhere than when that was last noted."""
        return self.place != self.place_now


def standing() -> Standing:
    """As it is now; the first call gives the database its key."""
    found = sql.rows(_STANDING)
    if not found:
        sql.execute(_BEGIN)
        found = sql.rows(_STANDING)
    return Standing(*found[0])


def settle() -> None:
    """Note where the database stands: it is the same one as before, with all it knew."""
    sql.execute(_SETTLE)


def renew() -> None:
    """Become another database: nothing that was remembered before is compared with it again."""
    sql.execute(_RENEW)
