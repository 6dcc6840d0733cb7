"""Sending what is due: claim, render, hand over, record. `pipeline.deliver` calls it.

No transaction is open while a mail server is talked to. A crash at any point leaves rows from
which the next run goes on; only a body that had begun is never sent again by itself.
"""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from surveys.lib import stopping
from surveys.lib.crashpoints import Point, reached
from surveys.lib.crypto import CannotDecrypt
from surveys.messaging import attempts, claims, envelope, pace, providers, resending, restoring
from surveys.messaging.breaker import Breaker
from surveys.messaging.claims import Claim
from surveys.messaging.composing import Composer, Letter
from surveys.messaging.envelope import Sender
from surveys.messaging.links import links_of
from surveys.messaging.memory import Mark, Memory
from surveys.messaging.reasons import Hurdle
from surveys.messaging.rendering import CannotRender
from surveys.messaging.suppressions import suppressed
from surveys.messaging.transports import (
    GateClosed,
    Kind,
    Mail,
    Outcome,
    ServerAway,
    Transport,
    smtp,
)
from surveys.participants.addresses import BadAddress
from surveys.participants.identity.actions import (
    Contact,
    Fingerprints,
    contacts_of,
    fingerprints,
)
from surveys.scheduling.states import MessageState, WhyNot

BATCH = 50  # messages a claim; a crash leaves at most so many to the reaper
LIMIT = 2000  # messages a run, which remembers whom it wrote to; the next run goes on
RUN_SECONDS = 40.0  # no message is begun after this long, so that workers get to other tasks
SLACK = 5.0
SHARE_TO_WAIT = 0.25  # of the time left to answer, that a mail may wait for its domain's pace
LOG = logging.getLogger(__name__)

Contacts: TypeAlias = dict[int, Contact | CannotDecrypt]
"""By participant; somebody who has none is not in it."""


@dataclass(frozen=True)
class Delivered:
    """What one run did, and whether it stopped while there was more to do."""

    n_ended: int
    is_cut: bool


def deliver_due(*, now: datetime, limit: int = LIMIT) -> Delivered:
    """Send what is due at `now` until nothing is left, `limit` is reached or the time is over.

    Sent, refused, given up, cancelled, missed and unknown are ends; a message that is to be tried
    again is not. Any number of workers may run this at once.
    """
    sender = Sender.of(settings.MAIL_FROM, settings.PUBLIC_ORIGIN)
    server = smtp.configured(sender.host)
    if seconds_to_begin(server) <= 0:
        raise ImproperlyConfigured(f"EMAIL_URL: a timeout of {server.timeout:g} s is too long")
    with restoring.checked(now=now) as memory:
        n_reaped = claims.reap()
        resending.resend_by_rule(now=now)
        breaker = Breaker(f"{server.host}:{server.port}", timedelta(seconds=server.longest_mail))
        if breaker.is_open:
            return Delivered(n_reaped, is_cut=False)
        transport = smtp.SmtpTransport(server)
        with contextlib.closing(transport), contextlib.closing(breaker):
            run = Round(now, sender, transport, server, breaker, memory, n_ended=n_reaped)
            return run.run(limit)


def seconds_to_begin(server: smtp.Server) -> float:
    """For how long a run begins messages, so that the last ends before the task is stopped."""
    return min(RUN_SECONDS, settings.DELIVER_SOFT_SECONDS - server.longest_mail - SLACK)


def message_id(message: UUID) -> str:
    """The Message-ID under which this platform mails a message."""
    sender = Sender.of(settings.MAIL_FROM, settings.PUBLIC_ORIGIN)
    return envelope.message_id(message, sender.host)


@dataclass
class Round:
    """One worker's run over what is due; nobody gets two mails in one."""

    now: datetime
    sender: Sender
    transport: Transport
    server: smtp.Server
    breaker: Breaker
    memory: Memory
    composer: Composer = field(default_factory=Composer)
    n_ended: int = 0
    _newest_started: int = 0
    _written_to: set[int] = field(default_factory=set)
    _began: float = field(default_factory=time.monotonic)

    @property
    def lease(self) -> timedelta:
        """Long enough for a claim's first message to meet a slow server at every step."""
        return max(claims.LEASE, timedelta(seconds=self.server.longest_mail + 2 * SLACK))

    def run(self, limit: int) -> Delivered:
        """Claim and send until nothing is due, the server is away, or limit or time are over."""
        try:
            return self._run(limit)
        finally:
            self._remember()

    def _run(self, limit: int) -> Delivered:
        n_claimed = 0
        since: datetime | None = None
        while n_claimed < limit and self._has_time():
            reached(Point.BEFORE_CLAIM)
            claim = claims.claim(
                now=self.now,
                limit=min(1 if self.breaker.is_trial else BATCH, limit - n_claimed),
                cap=settings.MAIL_CAP_PER_DAY,
                spared=self._written_to,
                since=since,
                lease=self.lease,
            )
            reached(Point.AFTER_CLAIM)
            self._remember(claim)
            since = claim.since
            n_claimed += len(claim.letters)
            self.n_ended += claim.n_refused
            self._written_to |= claim.participants
            if claim.is_empty or not self._send_all(claim):
                return Delivered(self.n_ended, is_cut=False)
        return Delivered(self.n_ended, is_cut=True)

    def _remember(self, claim: Claim | None = None) -> None:
        """Note outside the database how far sending comes: of a batch before it begins."""
        claimed = max(claim.attempts.values(), default=0) if claim else 0
        if claimed or self._newest_started:
            mark = Mark(claimed, self._newest_started, self.now.timestamp())
            self.memory.note(mark)

    def _send_all(self, claim: Claim) -> bool:
        """Send a batch; False when the server is away. What was not tried is given back."""
        waiting = list(reversed(claim.letters))
        try:
            contacts = _contacts(claim.letters)
            stopped = self._stop(claim, contacts)
            waiting = [each for each in waiting if each.id not in stopped]
            while waiting and self._has_time():
                self._send(waiting[-1], contacts.get(waiting[-1].participant_id), claim)
                waiting.pop()
        except ServerAway as away:
            self.breaker.failed(str(away))
            return False
        finally:
            if waiting:
                claims.release(waiting, claim.token)
        return True

    def _stop(self, claim: Claim, contacts: Contacts) -> set[UUID]:
        """Take out of a batch who gets no mail at all, and what is over its domain's pace."""
        prints = {
            letter.id: found
            for letter in claim.letters
            if (found := _fingerprints(contacts.get(letter.participant_id))) is not None
        }
        refused = suppressed({pk: found.address for pk, found in prints.items()})
        unwanted = [letter for letter in claim.letters if letter.id in refused]
        if unwanted:
            self.n_ended += claims.cancel(unwanted, claim.token, WhyNot.SUPPRESSED)
        waits_anew = {each.id for each in claim.letters if not each.has_slot} - refused
        domains = {pk: found.domain for pk, found in prints.items() if pk in waits_anew}
        patience = {each.id: (each.closes_at - self.now) * SHARE_TO_WAIT for each in claim.letters}
        slots = pace.put_off(domains, patience, per_minute=settings.MAILS_PER_MINUTE_PER_DOMAIN)
        if slots:
            early = [letter for letter in claim.letters if letter.id in slots]
            claims.release(early, claim.token, slots)
        return refused | slots.keys()

    def _send(self, letter: Letter, contact: Contact | CannotDecrypt | None, claim: Claim) -> None:
        """One message from its words to its end."""
        if isinstance(contact, CannotDecrypt):
            LOG.error("message %s: the address cannot be decrypted: %s", letter.id, contact)
            self._settle(letter, claim, Outcome(Kind.TEMPORARY, f"no address: {contact}"))
            return
        if contact is None:
            self._give_up(letter, claim, Hurdle.NO_ADDRESS, "the address is not known")
            return
        try:
            mail = self._composed(letter, contact)
        except (CannotRender, LookupError, ValueError, TypeError) as error:
            LOG.error("message %s cannot be rendered: %s", letter.id, error)
            self._give_up(letter, claim, Hurdle.CANNOT_RENDER, f"{type(error).__name__}: {error}")
            return
        with contextlib.suppress(GateClosed):
            outcome = self.transport.send(mail, lambda: self._pass_gate(letter, claim))
            reached(Point.AFTER_REPLY)
            self._settle(letter, claim, outcome)
            self.breaker.answered()
            reached(Point.AFTER_COMMIT)

    def _composed(self, letter: Letter, contact: Contact) -> Mail:
        links = links_of(
            origin=settings.PUBLIC_ORIGIN,
            occasion=letter.occasion_id,
            generation=letter.link_generation,
            participant=letter.participant_key,
        )
        rendered = self.composer.compose(letter, name=contact.name, links=links)
        return envelope.build(
            rendered,
            message=letter.id,
            sender=self.sender,
            to=contact.email,
            reply_to=self.composer.reply_to(letter),
            headers={
                **envelope.one_click(links.unsubscribe),
                **providers.marks(settings.MAIL_WEBHOOK_PROVIDERS, letter.id),
            },
            now=self.now,
        )

    def _pass_gate(self, letter: Letter, claim: Claim) -> None:
        reached(Point.BEFORE_BODY)
        margin = self.server.longest_body + SLACK
        is_in_time = self._seconds() + margin < settings.DELIVER_SOFT_SECONDS
        if not is_in_time or not attempts.open_gate(
            letter, claim.token, now=self.now, margin=timedelta(seconds=margin)
        ):
            claims.release([letter], claim.token)
            raise GateClosed(f"message {letter.id} is no longer ours to send")
        self._newest_started = max(self._newest_started, claim.attempts[letter.id])
        reached(Point.AFTER_GATE)

    def _settle(self, letter: Letter, claim: Claim, outcome: Outcome) -> None:
        state = attempts.settle(letter, claim.token, outcome, now=self.now)
        self.n_ended += state != MessageState.DUE

    def _give_up(self, letter: Letter, claim: Claim, why: Hurdle, words: str) -> None:
        attempts.give_up(letter, claim.token, why, words)
        self.n_ended += 1

    def _has_time(self) -> bool:
        return not stopping.is_asked() and self._seconds() < seconds_to_begin(self.server)

    def _seconds(self) -> float:
        return time.monotonic() - self._began


def _contacts(letters: tuple[Letter, ...]) -> Contacts:
    """The contacts of a batch; somebody whose row does not decrypt must not stop the others."""
    ids = [letter.participant_id for letter in letters]
    try:
        return dict(contacts_of(ids))
    except CannotDecrypt:
        return {who: each for who in ids if (each := _contact_or_error(who)) is not None}


def _fingerprints(contact: Contact | CannotDecrypt | None) -> Fingerprints | None:
    """None without an address that can be; composing says so of that one letter."""
    if not isinstance(contact, Contact):
        return None
    try:
        return fingerprints(contact.email)
    except BadAddress:
        return None


def _contact_or_error(participant: int) -> Contact | CannotDecrypt | None:
    try:
        return contacts_of([participant]).get(participant)
    except CannotDecrypt as error:
        return error
