"""Mails that belong to no plan: to staff about an alert, to somebody about what they asked for.

Whoever has something to say calls `post` inside their own transaction; the job `notify` sends it.
Sent at least once: a worker that dies between the mail server's answer and our note of it sends
again, under the same Message-ID. What must not come twice is a message (`delivery`), not this.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.utils.html import escape, linebreaks, urlize

from surveys.lib import languages, sql, stopping
from surveys.lib.crypto import CannotDecrypt, Keyring
from surveys.lib.ids import uuid7
from surveys.messaging import envelope, guards
from surveys.messaging.envelope import Sender
from surveys.messaging.models import Notification
from surveys.messaging.printable import printable
from surveys.messaging.rendering import CannotRender, Rendered
from surveys.messaging.transports import Kind, Mail, Outcome, ServerAway, Transport, smtp

LIMIT = 500  # mails a run; the next run goes on
RUN_SECONDS = 40.0  # no mail is begun after this long
FIRST_PAUSE = timedelta(seconds=30)  # doubled at each further failure
LONGEST_PAUSE = timedelta(minutes=10)
PATIENCE = timedelta(days=3)  # after which a mail that never went out is given up
SLACK = timedelta(seconds=10)
LOG = logging.getLogger(__name__)

# The claim is the pause itself: whoever dies leaves a mail that is due when its lease is over.
_CLAIM = f"""
    UPDATE surveys_notification n
    SET n_attempts = n_attempts + 1, lease_token = %(token)s,
        not_before = clock_timestamp() + %(lease)s
    WHERE id = (
        SELECT id FROM surveys_notification
        WHERE state = 'due' AND not_before <= clock_timestamp()
          AND (is_urgent OR NOT {guards.IS_HELD})
        ORDER BY not_before, id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id, sealed, n_attempts, posted_at < clock_timestamp() - %(patience)s
"""  # noqa: S608 - put together from constants

_END = """
    UPDATE surveys_notification
    SET state = %(state)s, sealed = '', last_words = %(words)s, sent_at = %(sent_at)s,
        lease_token = NULL
    WHERE id = %(id)s AND lease_token = %(token)s
"""

_AGAIN = """
    UPDATE surveys_notification
    SET not_before = clock_timestamp() + %(pause)s, last_words = %(words)s, lease_token = NULL
    WHERE id = %(id)s AND lease_token = %(token)s
"""


@dataclass(frozen=True)
class Notified:
    """What one run did, and whether it stopped while there was more to do."""

    n_ended: int
    is_cut: bool


@dataclass(frozen=True)
class Words:
    """What a notification says: a subject of one line, and plain paragraphs with bare links."""

    subject: str
    text: str
    language: str = "en"


def post(
    *,
    key: str,
    to: str,
    words: Words,
    reply_to: str = "",
    recipient: str = "",
    about: str = "",
    is_urgent: bool = False,
) -> bool:
    """Have a mail sent to one address; False when one with this key was posted before.

    `recipient` and `about` are codes, for those who look at it later. It becomes due when the
    caller's transaction commits.
    """
    content = {"to": to, "reply_to": reply_to, **asdict(words)}
    pk = uuid7()
    _, is_new = Notification.objects.get_or_create(
        key=key,
        defaults={
            "id": pk,
            "recipient": recipient,
            "about": about,
            "is_urgent": is_urgent,
            "sealed": _keyring().encrypt(json.dumps(content), _context(pk)),
        },
    )
    return is_new


def deliver_due(*, now: datetime) -> Notified:
    """Send what is due until nothing is left, the server is away, or limit or time are over.

    Any number of workers may run this at once.
    """
    sender = Sender.of(settings.MAIL_FROM, settings.PUBLIC_ORIGIN)
    server = smtp.configured(sender.host)
    lease = timedelta(seconds=server.longest_mail) + SLACK
    with contextlib.closing(smtp.SmtpTransport(server)) as transport:
        return _Round(now, sender, transport, lease).run()


@dataclass
class _Round:
    """One worker's run."""

    now: datetime
    sender: Sender
    transport: Transport
    lease: timedelta
    n_ended: int = 0

    def run(self) -> Notified:
        began, n = time.monotonic(), 0
        while n < LIMIT and not stopping.is_asked() and time.monotonic() - began < RUN_SECONDS:
            n += 1
            token = uuid4()
            values = {"token": token, "lease": self.lease, "patience": PATIENCE}
            claimed = sql.rows(_CLAIM, values)
            if not claimed or not self._send(token, *claimed[0]):
                return Notified(self.n_ended, is_cut=False)
        return Notified(self.n_ended, is_cut=True)

    def _send(self, token: UUID, pk: UUID, sealed: str, n_attempts: int, is_old: bool) -> bool:
        """One mail from its words to its end; False when the server is away."""
        is_here = True
        try:
            outcome = self.transport.send(self._mail(pk, sealed), lambda: None)
        except (CannotRender, CannotDecrypt) as error:
            LOG.error("notification %s cannot be written: %s", pk, error)
            outcome = Outcome(Kind.TEMPORARY, f"{type(error).__name__}: {error}")
        except ServerAway as away:
            outcome, is_here = Outcome(Kind.TEMPORARY, str(away)), False
        values: dict[str, Any] = {"id": pk, "token": token, "words": printable(outcome.reply)[:300]}
        is_sent = outcome.kind is Kind.SENT
        if is_sent or is_old or outcome.kind is Kind.PERMANENT:
            state = Notification.State.SENT if is_sent else Notification.State.FAILED
            sent_at = self.now if is_sent else None
            self.n_ended += sql.execute(_END, {**values, "state": state, "sent_at": sent_at})
        else:
            sql.execute(_AGAIN, {**values, "pause": pause_after(n_attempts)})
        return is_here

    def _mail(self, pk: UUID, sealed: str) -> Mail:
        content: dict[str, str] = json.loads(_keyring().decrypt(sealed, _context(pk)))
        words = Words(content["subject"], content["text"], content.get("language", "en"))
        return envelope.build(
            Rendered(words.subject, words.text, as_html(words)),
            message=pk,
            sender=self.sender,
            to=content["to"],
            reply_to=content["reply_to"] or self.sender.address,
            headers={},
            now=self.now,
        )


def as_html(words: Words) -> str:
    """The text as a page: each paragraph runs as its own words do, links always left to right."""
    body = linebreaks(urlize(words.text, autoescape=True))
    body = body.replace("<p>", '<p dir="auto">').replace("<a href=", '<a dir="ltr" href=')
    head = f'<html lang="{escape(words.language)}" dir="{languages.direction(words.language)}">'
    return f"<!doctype html>\n{head}<body>{body}</body></html>"


def pause_after(n_attempts: int) -> timedelta:
    """How long to wait after the n-th attempt that did not succeed."""
    doublings: int = 2 ** min(n_attempts - 1, 20)
    return min(FIRST_PAUSE * doublings, LONGEST_PAUSE)


def _keyring() -> Keyring:
    return Keyring.parse(settings.FIELD_KEYS)


def _context(pk: UUID) -> str:
    return f"notification:sealed:{pk}"
