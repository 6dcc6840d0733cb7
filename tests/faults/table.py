"""The table that `make faults` ends with: a row a case, and what became of its mails.

A test opens its rows with the fixture `case`; `conftest.py` prints them and writes var/faults.txt.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageState
from tests.smtp import Accepted

OUR_ID = re.compile(r"<m-([0-9a-f-]{36})@")
UNSETTLED = (MessageState.DUE, MessageState.SENDING)
HEAD = ("case", "what", "expected", "seen", "mails", "lost", "doubled", "unknown")


@dataclass
class Row:
    """One case. A control has its guard taken away, so what is lost or doubled there is no fault."""

    case: str
    what: str
    expected: str
    is_control: bool = False
    seen: str = "not finished"
    mails: int = 0
    lost: int = 0
    doubled: int = 0
    unknown: int = 0
    outcome: str = field(default="", repr=False)

    def count(
        self,
        accepted: Sequence[Accepted],
        *,
        only: Iterable[Message] | None = None,
        planned: Collection[UUID] = (),
        resent: Mapping[UUID, int] | None = None,
    ) -> None:
        """Compare the mails with the outbox, and say in a few words how the messages ended.

        Lost is a message that the outbox calls sent without a mail, or that is stuck on its way;
        those in `planned` lie in the future by design. `resent` says how often a person asked
        for one more. With `only`, nobody else's messages and mails count.
        """
        rows = Message.objects.all()
        if only is not None:
            rows = rows.filter(pk__in=[message.pk for message in only])
        states = {pk: MessageState(state) for pk, state in rows.values_list("pk", "state")}
        copies = copies_of(accepted)
        if only is not None:
            copies = Counter({pk: n for pk, n in copies.items() if pk in states})
        asked = resent or {}
        self.mails = copies.total()
        self.doubled = sum(max(n - 1 - asked.get(pk, 0), 0) for pk, n in copies.items())
        self.lost = sum(
            _is_lost(state, copies[pk]) for pk, state in states.items() if pk not in planned
        )
        self.unknown = sum(state == MessageState.UNKNOWN for state in states.values())
        self.saw(in_words(states.values()))

    def saw(self, words: str) -> None:
        """What was seen."""
        self.seen = words

    @property
    def is_fault(self) -> bool:
        """Whether mails were lost or doubled though every guard stood."""
        return not self.is_control and (self.lost, self.doubled) != (0, 0)

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        name = f"{self.case} control" if self.is_control else self.case
        seen = self.seen if self.outcome in {"", "passed"} else f"FAILED: {self.seen}"
        numbers = (self.mails, self.lost, self.doubled, self.unknown)
        return (name, self.what, self.expected, seen, *map(str, numbers))


def copies_of(accepted: Iterable[Accepted]) -> Counter[UUID]:
    """How many mails arrived for each message; raises ValueError for a mail of nobody's."""
    found: Counter[UUID] = Counter()
    for mail in accepted:
        match = OUR_ID.match(mail.message_id)
        if match is None:
            raise ValueError(f"{mail.message_id} is none of ours")
        found[UUID(match[1])] += 1
    return found


def in_words(states: Iterable[str]) -> str:
    """Such as `12 sent, 3 unknown`."""
    return ", ".join(f"{n} {state}" for state, n in sorted(Counter(map(str, states)).items()))


def drawn(rows: Sequence[Row]) -> str:
    """The table as text, the totals below; controls do not count in the totals."""
    ours = [row for row in rows if not row.is_control]
    sums = [str(sum(getattr(row, name) for row in ours)) for name in HEAD[4:]]
    failed = sum(row.outcome not in {"", "passed"} for row in rows)
    total = ("total", f"{len(rows)} rows", "", f"{failed} failed", *sums)
    lines = [HEAD, *(row.cells() for row in sorted(rows, key=_order)), total]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEAD))]
    drawn = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    ]
    bar = "-" * max(map(len, drawn))
    return "\n".join(line.rstrip() for line in (drawn[0], bar, *drawn[1:-1], bar, drawn[-1])) + "\n"


def _order(row: Row) -> tuple[str, int, bool]:
    letters = row.case.rstrip("0123456789")
    return letters, int(row.case[len(letters) :] or 0), row.is_control


def _is_lost(state: MessageState, n_copies: int) -> bool:
    return state in UNSETTLED or (state == MessageState.SENT and n_copies == 0)
