"""Delivering 20,000 due messages by one and two worker processes, against two other ways to send.

(a) a plain loop of the standard library over one open connection, its message objects built before
and no books kept, by one process and by two at once; (b) one Celery task a mail, each with its own
connection. All send to the same sink, in turn, several times over; the median of the rounds'
ratios counts. A loop that pushes finished bytes shows for comparison what the sink can take.
"""

from __future__ import annotations

import os
from statistics import median
from typing import Any

from tests.bench import Context, Result
from tests.bench.mail import outbox
from tests.bench.mail.outbox import Outbox
from tests.bench.mail.sinks import sink
from tests.bench.mail.ways import Ways

PEOPLE = 20_000
NAIVE = 2_000  # the same rate as 20,000, in a tenth of the time
ROUNDS = 3
OF_PLAIN = 0.7  # of a plain loop's mails a second, per process
OF_NAIVE = 3.0
OF_TWO = 1.7  # times one worker's mails a second
MEANINGS = {
    "bytes_1": "one loop that pushes finished bytes into an open connection, for comparison",
    "plain_1": "one plain loop over an open connection, message objects built before",
    "ours_1": "the outbox, one worker process",
    "plain_2": "two plain loops at once",
    "ours_2": "the outbox, two worker processes",
    "naive_2": "one Celery task a mail with its own connection, two worker processes",
}


class Delivery(Result):
    """One worker against one plain loop in the columns; all four goals count."""

    @property
    def is_reached(self) -> bool:
        """Whether every goal is reached."""
        return all(self.detail["reached"].values())


def run(context: Context) -> Result:
    """Load, build the mails once, then measure in rounds."""
    people, n_naive = context.n(PEOPLE), context.n(NAIVE)
    rounds = int(os.environ.get("BENCH_ROUNDS", ROUNDS))
    outbox.load(people)
    with context.connect() as raw, sink(context.folder / "sink") as server:
        mails = context.folder / "mails.jsonl"
        built = context.timed(lambda: outbox.build_all(mails, people))
        box = Outbox.of(raw)
        ways = Ways(server, box, mails)
        rates, syncs = [], []
        for _ in range(rounds):
            syncs.append(box.seconds_a_sync())
            rates.append(_rates(ways, people, n_naive))
    costs = {"sync": 1000 * median(syncs), "rest": 1000 * built / people}
    return _result(people, n_naive, server.kind, rates, costs)


def _rates(ways: Ways, people: int, n_naive: int) -> dict[str, float]:
    """Mails a second of each way, ours beside its reference."""
    return {
        "bytes_1": people / ways.plain(1, "bytes"),
        "plain_1": people / ways.plain(1, "messages"),
        "ours_1": people / ways.ours(1),
        "plain_2": people / ways.plain(2, "messages"),
        "ours_2": people / ways.ours(2),
        "naive_2": n_naive / ways.naive(2, n_naive),
    }


def _result(
    people: int, n_naive: int, kind: str, rates: list[dict[str, float]], costs: dict[str, float]
) -> Result:
    """The row; `costs` are milliseconds a mail."""

    def ratio(ours: str, other: str) -> float:
        return median(each[ours] / each[other] for each in rates)

    a_second = {name: median(each[name] for each in rates) for name in rates[0]}
    ratios = {
        "one worker / one plain loop": (ratio("ours_1", "plain_1"), OF_PLAIN),
        "two workers / two plain loops": (ratio("ours_2", "plain_2"), OF_PLAIN),
        "two workers / one task a mail": (ratio("ours_2", "naive_2"), OF_NAIVE),
        "two workers / one worker": (ratio("ours_2", "ours_1"), OF_TWO),
    }
    detail: dict[str, Any] = {
        "people": people,
        "naive_mails": n_naive,
        "sink": kind,
        "mails_a_second": {name: round(rate) for name, rate in a_second.items()},
        "ratios": {name: round(value, 3) for name, (value, _) in ratios.items()},
        "goals": {name: goal for name, (_, goal) in ratios.items()},
        "reached": {name: value >= goal for name, (value, goal) in ratios.items()},
        "plain_2_of_plain_1": round(ratio("plain_2", "plain_1"), 3),
        "rounds": [{name: round(rate) for name, rate in each.items()} for each in rates],
    }
    detail["ms_a_mail"] = {
        name: round(ms, 3)
        for name, ms in {
            "ours": 1000 / a_second["ours_1"],
            "plain": 1000 / a_second["plain_1"],
            "bytes": 1000 / a_second["bytes_1"],
            **costs,
        }.items()
    }
    plain, ours = people / a_second["plain_1"], people / a_second["ours_1"]
    return Delivery(ours, plain, 1 / OF_PLAIN, 0, detail, notes=_notes(detail))


def _notes(detail: dict[str, Any]) -> list[str]:
    goals, reached, ratios = detail["goals"], detail["reached"], detail["ratios"]
    said = (
        "Postfix's smtp-sink"
        if detail["sink"] == "smtp-sink"
        else "aiosmtpd, a slower sink in Python"
    )
    rates, n = detail["mails_a_second"], len(detail["rounds"])
    ms = detail["ms_a_mail"]
    pushed, sync = ms["bytes"], ms["sync"]
    return [
        f"{detail['people']:,} mails into {said}; medians of {n} rounds, in mails a second:",
        *(f"{rates[name]:>6,}  {meaning}" for name, meaning in MEANINGS.items()),
        *(
            f"{ratios[name]:>6.2f}  {name} (goal {goal:g}: {'ok' if reached[name] else 'missed'})"
            for name, goal in goals.items()
        ),
        f"{detail['plain_2_of_plain_1']:>6.2f}  two plain loops / one plain loop, for comparison",
        f"ms a mail by one worker: {ms['ours']:.2f}; of these pushing the bytes {pushed:.2f}, the"
        f" wait for the disk {sync:.2f}, claiming, building and settling {ms['rest']:.2f}, and the"
        f" gate; a plain loop takes {ms['plain']:.2f}",
    ]
