"""Joining a study by oneself: what is asked, who waits to confirm, who comes in.

Called by the pipeline and the sign-up pages. Whoever joins holds the study's row, as enrolment
does, so that the places of a study are counted by one at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.design import queries
from surveys.design.joining import Joining
from surveys.design.models import ProtocolVersion, Study
from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.design.schedule import after
from surveys.participants import sign_up_counts
from surveys.participants.entries import Entry
from surveys.participants.identity import actions as identity
from surveys.participants.identity import signing_up
from surveys.participants.identity.models import SignUp
from surveys.participants.models import JoiningCount, Participant
from surveys.participants.sign_up_counts import SOURCE

PURPOSE = "joining"  # of the token in the mail's link
AT_ONCE = 3  # sign-ups of one address that may wait at a time; each sends one mail
BY = Actor.system(SOURCE)


class NotOpen(LookupError):
    """Nobody can join this study now, or there is none; a visitor cannot tell which."""


class Outcome(Enum):
    """What became of somebody who joins."""

    JOINED = auto()  # also who takes part already
    FULL = auto()
    TEXT_CHANGED = auto()  # the consent text is no longer the one they agreed to
    PANEL_KNOWN = auto()  # somebody of the panel with this pseudonym takes part
    REFUSED = auto()  # closed meanwhile, or somebody who has left the study


class NoSuchSignUp(LookupError):
    """It was deleted, or never was."""


@dataclass(frozen=True)
class Invitation:
    """A study that can be joined now, under the version in force."""

    study: Study
    version: int
    protocol: Protocol
    joining: Joining


@dataclass(frozen=True)
class Application:
    """What somebody said on the sign-up pages; its repr holds no address."""

    email: str = field(repr=False)
    language: str
    timezone: str
    consent_version: int
    consented_at: datetime
    signed_text: str = field(repr=False)
    consent_language: str  # in which they read and ticked it
    strata: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    panel_id: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """One sign-up as its own pages show it."""

    study: Study
    protocol: ProtocolVersion
    language: str
    timezone: str
    signed_text: str
    expires_at: datetime
    has_joined: bool


def open_study(code: str, *, now: datetime) -> Invitation:
    """The study of a public link, if people can join it now; raises NotOpen."""
    study = Study.objects.filter(code=code, is_paused=False).first()
    if study is None:
        raise NotOpen(code)
    try:
        version = queries.current(study)
    except queries.NotPublished as error:
        raise NotOpen(code) from error
    protocol = protocol_of(version)
    return Invitation(study, version.version, protocol, _open(protocol, now))


def has_place(study: Study, joining: Joining, strata: Mapping[str, str]) -> bool:
    """Whether somebody with these strata could join; without a lock it may be over at once."""
    return not joining.full(strata, _taken(study, joining, strata))


def is_known_panel(study: Study, panel_id: str) -> bool:
    """Whether somebody of the panel takes part under this pseudonym."""
    return bool(panel_id) and study.participants.filter(panel_id=panel_id).exists()


@transaction.atomic
def ask(*, study: Study, application: Application, now: datetime) -> UUID | None:
    """Keep what somebody said until they confirm it; None when their address has asked too often.

    Nothing differs for who takes part already.
    Raises NotOpen.
    """
    Study.objects.select_for_update(no_key=True).only("pk").get(pk=study.pk)
    version = queries.current(study)
    protocol = protocol_of(version)
    joining = _open(protocol, now)
    waiting = signing_up.of_address(study, application.email).filter(participant__isnull=True)
    if waiting.count() >= AT_ONCE:
        return None
    row = SignUp(
        study=study,
        protocol=version,
        language=application.language,
        timezone=application.timezone,
        strata=dict(application.strata),
        group=application.group,
        panel_id=application.panel_id,
        parameters=dict(application.parameters),
        consent_version=application.consent_version,
        consent_language=application.consent_language,
        consented_at=application.consented_at,
        signed_text=application.signed_text,
        created_at=now,
        expires_at=after(now, joining.confirm_within, protocol.timezone),
    )
    signing_up.seal(row, application.email)
    row.save(force_insert=True)
    return row.pk


def n_waiting(study: Study) -> int:
    """How many have signed up and may still confirm it."""
    return SignUp.objects.filter(study=study, participant__isnull=True).count()


def must_confirm(protocol: Protocol) -> bool:
    """Whether people of this study confirm their address before they take part."""
    return protocol.joining is None or protocol.joining.confirm


def drop(sign_up: UUID) -> None:
    """Delete a sign-up that came to nothing."""
    SignUp.objects.filter(pk=sign_up).delete()


def standing(sign_up: UUID) -> Standing:
    """How a sign-up stands; raises NoSuchSignUp."""
    row = SignUp.objects.select_related("study", "protocol").filter(pk=sign_up).first()
    if row is None:
        raise NoSuchSignUp(str(sign_up))
    return Standing(
        row.study,
        row.protocol,
        row.language,
        row.timezone,
        row.signed_text,
        row.expires_at,
        row.participant_id is not None,
    )


def hold(sign_up: UUID, *, now: datetime) -> SignUp:
    """Hold the study and then the sign-up until the transaction ends; raises NoSuchSignUp."""
    study = SignUp.objects.filter(pk=sign_up).values_list("study", flat=True).first()
    if study is not None:
        Study.objects.select_for_update(no_key=True).only("pk").get(pk=study)
        rows = SignUp.objects.select_for_update(no_key=True, of=("self",)).select_related("study")
        if row := rows.filter(pk=sign_up, expires_at__gt=now).first():
            return row
    raise NoSuchSignUp(str(sign_up))


def hurdle(row: SignUp, *, now: datetime) -> Outcome | None:
    """What keeps a sign-up that is held from being enrolled, if anything."""
    protocol = protocol_of(queries.current(row.study))
    try:
        joining = _open(protocol, min(now, row.created_at))  # who asked in time comes in later too
    except NotOpen:
        return Outcome.REFUSED
    if protocol.consent.version != row.consent_version:
        return Outcome.TEXT_CHANGED
    email = signing_up.address_of(row)
    known = identity.find_all(row.study, [email])
    if email in known:
        takes_part = row.study.participants.filter(status=Participant.Status.ENROLLED)
        return None if takes_part.filter(pk__in=[known[email] or 0]).exists() else Outcome.REFUSED
    if is_known_panel(row.study, row.panel_id):
        return Outcome.PANEL_KNOWN
    return None if has_place(row.study, joining, row.strata) else Outcome.FULL


def entry_of(row: SignUp) -> Entry:
    """A sign-up as enrolment takes it."""
    return Entry(
        signing_up.address_of(row),
        row.language,
        row.timezone,
        row.consent_version,
        row.consented_at,
        site=row.strata.get("site", ""),
        strata=row.strata,
        group=row.group,
        panel_id=row.panel_id,
        parameters=row.parameters,
        signed_text=row.signed_text,
        consent_language=row.consent_language,
        is_proved=must_confirm(protocol_of(row.protocol)),
    )


def note_joined(row: SignUp, participant: Participant) -> None:
    """Tie a sign-up to whom it became, and drop the others of this address that wait."""
    same = SignUp.objects.filter(study=row.study, email_index=row.email_index)
    same.filter(participant__isnull=True).exclude(pk=row.pk).delete()
    row.participant, row.email = participant, ""
    row.save(update_fields=["participant", "email"])


@transaction.atomic
def delete_expired(*, now: datetime) -> int:
    """Delete sign-ups whose time is over; returns how many of them nobody confirmed."""
    rows = SignUp.objects.filter(expires_at__lte=now)
    held = rows.order_by("pk").select_for_update(of=("self",))
    over = list(held.select_related("study").defer("study__draft"))
    n_unconfirmed = _count_unconfirmed(over)
    n_deleted, _ = SignUp.objects.filter(pk__in=[row.pk for row in over]).delete()
    if n_deleted:
        log.record("sign_ups.deleted", by=Actor.system("sweep"), at=now, n=n_unconfirmed)
    return n_unconfirmed


def _count_unconfirmed(over: Sequence[SignUp]) -> int:
    """Count those who never confirmed, each on the day on which they signed up."""
    lost = [row for row in over if row.participant_id is None]
    for row in lost:
        sign_up_counts.count(row.study, JoiningCount.Kind.UNCONFIRMED, at=row.created_at)
    return len(lost)


def _open(protocol: Protocol, now: datetime) -> Joining:
    joining = protocol.joining
    today = now.astimezone(ZoneInfo(protocol.timezone)).date()
    if joining is None or not joining.is_open(today):
        raise NotOpen(protocol.study)
    return joining


def _taken(study: Study, joining: Joining, strata: Mapping[str, str]) -> dict[int, int]:
    """How many people each quota that counts for these strata has let in, also who left since."""
    return {
        n: study.participants.filter(strata__contains=quota.strata).count()
        for n, quota in enumerate(joining.quotas)
        if quota.strata.items() <= strata.items()
    }
