"""Simulated participants of the chaos run: they read mails, answer over HTTP, stop mails, withdraw.

What the platform told them is noted, so that it can be held to it afterwards: a page of thanks
means that the answer is kept, and a withdrawal that was confirmed means no more mails.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import httpx
from django.db import Error, connection

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.design.models import Study
from surveys.lib import clock, sql, tokens
from surveys.participants.entries import Entry
from surveys.participants.models import Participant
from tests.faults.visitors import form_of
from tests.smtp import Accepted, ScriptedServer

BY = Actor.system("chaos")
PATIENCE = 90.0
T = TypeVar("T")


def insisting(act: Callable[[], T]) -> T:
    """Do it until the database takes it; every act here is safe to repeat."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return act()
        except Error:
            connection.close()
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)


@dataclass
class Crowd:
    """Everybody who takes part, and what they were told."""

    origin: str
    sink: ScriptedServer
    study: Study
    dice: random.Random
    thanked: dict[UUID, int] = field(default_factory=dict)  # occasion -> the answer
    tried: dict[UUID, set[int]] = field(default_factory=dict)
    silenced: dict[int, datetime] = field(default_factory=dict)  # participant -> real time
    statuses: set[int] = field(default_factory=set)
    emails: list[str] = field(default_factory=list)
    n_visits: int = 0
    _read: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(6))
    _going: list[Future[None]] = field(default_factory=list)

    def enrol(self, n: int) -> None:
        """`n` more people take part."""
        now = insisting(clock.now)
        first = len(self.emails)
        self.emails += [f"person{number}@mail.example" for number in range(first, first + n)]
        entries = [
            Entry(
                email=email,
                language="en",
                timezone="Europe/Berlin",
                consent_version=1,
                consented_at=now,
            )
            for email in self.emails[first:]
        ]
        insisting(
            lambda: pipeline.enrol(
                study=self.study, entries=entries, source="csv", by=BY, now=clock.now()
            )
        )

    def act(self) -> None:
        """Read the new mails; many are answered, few people stop the mails or withdraw."""
        fresh = self.sink.accepted[self._read :]
        self._read += len(fresh)
        for mail in fresh:
            fate = self.dice.random()
            if fate < 0.6:
                self._go(self._answer, mail, self.dice.randint(1, 7))
            elif fate < 0.63:
                self._go(self._stop, mail, self.dice.random() < 0.5)

    def rest(self) -> None:
        """Wait until everybody has done what they meant to do; raises what went wrong."""
        for each in self._going:
            each.result(timeout=2 * PATIENCE)

    def leave(self) -> None:
        """No more visits."""
        self._threads.shutdown(cancel_futures=True)

    def _go(self, act: Callable[..., None], *told: object) -> None:
        def run() -> None:
            try:
                act(*told)
            finally:
                connection.close()

        self._going.append(self._threads.submit(run))

    def _answer(self, mail: Accepted, mood: int) -> None:
        link = link_in(mail)
        occasion = tokens.claimed_row(link.rstrip("/").rpartition("/")[2])
        with self._lock:
            self.n_visits += 1
            self.tried.setdefault(occasion, set()).add(mood)
        with httpx.Client(timeout=20) as client:
            page = self._insist(lambda: client.get(link))
            if 'name="start"' not in page.text:
                return  # it has closed, or somebody else's mail of the same occasion was quicker
            typed = form_of(page).hidden | {"start": "1"}
            self._insist(lambda: client.post(link, data=typed))
            page = self._insist(lambda: client.get(f"{self.origin}/survey/"))
            if 'name="mood"' not in page.text:
                return
            typed = form_of(page).hidden | {"mood": str(mood), "action": "next"}
            reply = self._insist(lambda: client.post(f"{self.origin}/survey/", data=typed))
            if reply.status_code == 303 and "thanks" in reply.headers["Location"]:
                with self._lock:
                    self.thanked.setdefault(occasion, mood)

    def _insist(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                reply = ask()
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            else:
                self.statuses.add(reply.status_code)
                if reply.status_code != 503 or time.monotonic() > deadline:
                    return reply
            time.sleep(0.3)

    def _stop(self, mail: Accepted, for_good: bool) -> None:
        occasion = tokens.claimed_row(link_in(mail).rstrip("/").rpartition("/")[2])
        who = insisting(lambda: Participant.objects.select_related("study").get(occasions=occasion))
        if for_good:
            insisting(
                lambda: pipeline.withdraw(
                    participant=who, scope="keep_data", reason="", by=BY, now=clock.now()
                )
            )
        else:
            insisting(lambda: pipeline.unsubscribe(participant=who, by=BY, now=clock.now()))
        with self._lock:
            self.silenced[who.pk] = insisting(real_now)


def real_now() -> datetime:
    """The database's real clock, on which attempts are noted."""
    moment: datetime = sql.rows("SELECT clock_timestamp()")[0][0]
    return moment


def link_in(mail: Accepted) -> str:
    """The personal link of a mail."""
    body = mail.email.get_body(("plain",))
    found = re.search(r"http://\S+/s/[a-z0-9]+/", body.get_content() if body else "")
    if found is None:
        raise ValueError("a mail without a link")
    return found[0]
