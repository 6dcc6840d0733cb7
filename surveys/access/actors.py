"""Staff as actors: what the audit trail calls them."""

from __future__ import annotations

from surveys.access.models import User
from surveys.access.policy import Visitor
from surveys.audit.actors import Actor, ActorKind


def actor_of(user: Visitor) -> Actor:
    """The staff member's code; raises TypeError for a visitor who is not logged in."""
    if not isinstance(user, User):
        raise TypeError("only a logged-in staff member can act")
    return Actor(ActorKind.STAFF, user.code)
