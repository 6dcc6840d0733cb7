"""The demo's story, told with the platform's own actions: load, publish, enrol, live, export."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from analytics import actions as exports
from analytics.models import Export
from studyplatform.demo import cast, checks, exporting
from studyplatform.demo.behaviour import Respondent
from studyplatform.demo.mailbox import Mailbox
from studyplatform.demo.patience import answered
from studyplatform.demo.people import cast as draw_people
from studyplatform.demo.people import enrolment_csv
from studyplatform.demo.truth import Truth
from studyplatform.demo.year import Pace, Tally, Year
from studyplatform.management.commands.prepare import collect_static
from surveys import pipeline
from surveys.access import memberships
from surveys.access.models import User
from surveys.access.roles import Role
from surveys.design import actions, queries, studyfile
from surveys.design.library import shipped_study
from surveys.design.models import Study
from surveys.design.protocol import Protocol
from surveys.instruments.actions import add_shipped
from surveys.lib import clock
from surveys.participants.models import Participant

LOGIN = "demo@example.org"
MAILS = "mails"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DIARY_DAYS = (6, 22)  # after enrolment; outside them nothing happens within hours


@dataclass(frozen=True)
class Outcome:
    """What the year came to."""

    folder: Path
    password: str
    tally: Tally
    export: Export
    problems: list[str]

    @property
    def holds(self) -> bool:
        """Whether every check of the demo holds."""
        return not self.problems

    def say(self, *, seconds: float) -> None:
        """Print the summary and the way on."""
        lines = [
            "",
            exporting.summary(self.export),
            "",
            *(f"PROBLEM  {problem}" for problem in self.problems),
            f"Each of the {self.tally.mails} mails belongs to one message, and each message sent to"
            " one mail." * self.holds,
            f"Bundle      {exports.folder_of(self.export)}",
            f"Truth       {self.folder / 'truth.json'}",
            f"Mails       {self.folder / MAILS}",
            f"Look at it  make up DEMO=1   then log in as {LOGIN} with {self.password}",
            f"Took        {seconds:.0f} seconds",
        ]
        print("\n".join(lines), flush=True)


def prepare() -> None:
    """Tables and static files."""
    call_command("migrate", verbosity=0)
    collect_static()


def live(folder: Path, *, seed: int, n_people: int) -> Outcome:
    """Enrol the cast, live through the year, export."""
    start = _start()
    clock.move_to(start)
    study, password = _set_up(seed, now=start)
    protocol = studyfile.read(shipped_study()).protocol
    people = draw_people(seed, n_people)
    file = folder / "people.csv"
    file.write_text(enrolment_csv(people, start - 2 * DAY, protocol.consent.version))
    n_enrolled = cast.enrol(file, protocol, now=clock.now())
    _say(f"{n_enrolled} people enrolled from {file}")
    truth = Truth()
    respondents = cast.respondents(people, protocol, truth, seed)
    cast.write_truth(folder, respondents, truth, seed)
    year = _year(folder, protocol, respondents, start)
    year.run()
    export = exporting.export(study, now=answered(clock.now))
    problems = answered(lambda: checks.mails_match_messages(folder / MAILS))
    problems += checks.every_cell_has_a_value_or_a_reason(exports.folder_of(export))
    return Outcome(folder, password, year.tally, export, problems)


def _set_up(seed: int, *, now: datetime) -> tuple[Study, str]:
    """The shipped study, published, and a researcher who owns it."""
    add_shipped(by=cast.STAFF, now=now)
    protocol = studyfile.read(shipped_study()).checked(queries.instruments())
    study = actions.load(protocol=protocol, by=cast.STAFF, now=now, seed=f"demo {seed}")
    pipeline.publish(study=study, reason="", by=cast.STAFF, now=now)
    password = secrets.token_urlsafe(9)
    user = User.objects.create_superuser(LOGIN, password, name="Demo researcher", joined_at=now)
    memberships.grant(study=study, user=user, role=Role.OWNER, by=cast.STAFF, now=now)
    return study, password


def _year(
    folder: Path, protocol: Protocol, respondents: dict[str, Respondent], start: datetime
) -> Year:
    def pace(moment: datetime) -> Pace:
        in_diary = DIARY_DAYS[0] * DAY <= moment - start <= DIARY_DAYS[1] * DAY
        return Pace(2 * HOUR, 2 * HOUR) if in_diary else Pace(HOUR, DAY)

    titles = {title: wave.code for wave in protocol.waves for title in (wave.title or {}).values()}
    year = Year(
        respondents=respondents,
        mailbox=Mailbox(folder / MAILS, settings.PUBLIC_ORIGIN),
        waves=titles,
        pace=pace,
        progress=_progress(start),
    )
    codes = sorted(respondent.character.code for respondent in respondents.values())
    third = len(codes) // 3
    year.call(start + 100 * DAY, _withdrawal(codes[0], "moved away and has no time"))
    year.call(start + 150 * DAY, _relocation(codes[third], "America/New_York"))
    year.call(start + 200 * DAY, _withdrawal(codes[2 * third], "asked by telephone"))
    return year


def _withdrawal(code: str, reason: str) -> Callable[[datetime], None]:
    def act(now: datetime) -> None:
        who = Participant.objects.get(code=code)
        pipeline.withdraw(participant=who, scope="keep_data", reason=reason, by=cast.STAFF, now=now)

    return act


def _relocation(code: str, zone: str) -> Callable[[datetime], None]:
    def act(now: datetime) -> None:
        who = Participant.objects.get(code=code)
        pipeline.move(participant=who, timezone=zone, by=cast.STAFF, now=now)

    return act


def _start() -> datetime:
    """Eight o'clock UTC on the second Monday of the next January."""
    january = datetime(clock.now().year + 1, 1, 8, 8, tzinfo=UTC)
    return january + timedelta(days=(7 - january.weekday()) % 7)


def _progress(start: datetime) -> Callable[[datetime, Tally], None]:
    """One line that is rewritten at a terminal, a line a month elsewhere."""
    at_terminal = sys.stdout.isatty()
    months: set[tuple[int, int]] = set()

    def show(moment: datetime, tally: Tally) -> None:
        is_new = (moment.year, moment.month) not in months
        months.add((moment.year, moment.month))
        if not (at_terminal or is_new):
            return
        line = f"{moment:%d %b %Y}  day {(moment - start).days:3d}"
        line += f"  {tally.mails:5d} mails  {tally.visits:5d} visits  {tally.pages:6d} pages"
        print(f"\r{line}" if at_terminal else line, end="" if at_terminal else "\n", flush=True)

    return show


def _say(line: str) -> None:
    print(line, flush=True)
