"""Whom and which occasion a link or a pass leads to, and whether it can be answered. Reads only."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto

from django.urls import reverse

from surveys.lib import tokens
from surveys.participants.models import Participant
from surveys.portal.passes import Pass
from surveys.scheduling.found import find
from surveys.scheduling.models import Occasion
from surveys.scheduling.states import OccasionState

FROM_OWN_PAGE = "own"  # in the query: no mail brought this visitor here


class Access(Enum):
    """What a visitor may do with an occasion at this moment."""

    OPEN = auto()
    NOT_YET = auto()
    CLOSED = auto()
    COMPLETED = auto()
    NOT_NEEDED = auto()
    CONSENT = auto()  # open, once its participant agrees to a new consent text


class NoSuchLink(LookupError):
    """Malformed, forged, revoked or unknown: a visitor cannot tell which."""


def behind_link(token: str) -> Occasion:
    """The occasion of a personal link; raises NoSuchLink."""
    try:
        row = tokens.claimed_row(token)
        occasion = find(row)
        tokens.verify("occasion", token, occasion.id, occasion.link_generation)
    except (tokens.BadToken, Occasion.DoesNotExist) as error:
        raise NoSuchLink from error
    return occasion


def path_from_own_page(occasion: Occasion) -> str:
    """Where somebody's own page leads to one of their questionnaires."""
    token = tokens.make("occasion", occasion.pk, occasion.link_generation)
    return f"{reverse('portal:landing', args=[token])}?{FROM_OWN_PAGE}"


def behind_own_link(purpose: str, token: str) -> Participant:
    """The participant of a link that is for them and not for one occasion; raises NoSuchLink."""
    try:
        row = tokens.claimed_row(token)
        tokens.verify(purpose, token, row)
        rows = Participant.objects.select_related("study", "protocol")
        return rows.defer("study__draft", "protocol__document").get(key=row)
    except (tokens.BadToken, Participant.DoesNotExist) as error:
        raise NoSuchLink from error


def behind_pass(visit: Pass | None) -> Occasion:
    """The occasion that a browser's pass is for; raises NoSuchLink, also before Start."""
    if visit is None:
        raise NoSuchLink
    try:
        occasion = find(visit.occasion)
    except Occasion.DoesNotExist as error:
        raise NoSuchLink from error
    if occasion.link_generation != visit.generation or occasion.link_opened_at is None:
        raise NoSuchLink
    return occasion


def access_to(occasion: Occasion, now: datetime) -> Access:
    """What the occasion's state and window allow; the sweep may not have closed it yet."""
    match occasion.state:
        case OccasionState.COMPLETED:
            return Access.COMPLETED
        case OccasionState.PLANNED:
            return Access.NOT_YET
        case OccasionState.OPEN | OccasionState.STARTED:
            has_closed = occasion.closes_at is not None and now >= occasion.closes_at
            if has_closed:
                return Access.CLOSED
            waits = occasion.participant.consent_pending_since is not None
            return Access.CONSENT if waits else Access.OPEN
        case OccasionState.EXPIRED:
            return Access.CLOSED
        case _:
            return Access.NOT_NEEDED
