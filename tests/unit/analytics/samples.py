"""Small studies as plain values, and hypothesis strategies for chunks of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from analytics.tidy.arrays import NO_MOMENT, Floats
from analytics.tidy.chunk import (
    ANSWERED,
    ERASE_DATA,
    NOT_SHOWN,
    SKIPPED,
    Chunk,
    Consents,
    Filled,
    Messages,
    Occasions,
    People,
    Scored,
)
from analytics.tidy.design import Design, Form, Measure, Option, Plan, Question, Slot

EN = {"en": "Words"}
START = 1_800_000_000_000


def question(code: str, kind: str = "single") -> Question:
    options = tuple(Option(n, {"en": f"Point {n}"}) for n in (1, 2, 3))
    refused = Option(99, {"en": "Prefer not to say"}, is_missing=True)
    return Question(code, kind, {"en": f"{code}?"}, (*options, refused) if kind == "single" else ())


def measure(code: str, *items: str) -> Measure:
    key = tuple((item, 1, 1.0) for item in items)
    return Measure(code, EN, {"en": "more"}, f"mean of {len(items)} items", "k1", key)


def form(code: str, version: int, questions: tuple[Question, ...], *measures: Measure) -> Form:
    return Form(
        code, version, EN, "none", "cited", "free", f"hash-{code}-{version}", questions, measures
    )


CALM_1 = form(
    "calm",
    1,
    (question("c1"), question("c2"), question("note", "text")),
    measure("calm", "c1", "c2"),
)
CALM_2 = form(
    "calm", 2, (question("c1"), question("c3")), measure("calm", "c1", "c3"), measure("extra", "c3")
)
MOOD = form("low-mood", 1, (question("m1", "number"), question("c1")), measure("calm", "m1"))

DESIGN = Design(
    study="sample",
    title={"en": "A sample"},
    languages=("en",),
    plans=(
        Plan(1, "p1", (Slot("baseline", EN, (0, 2)), Slot("m3", EN, (0,)))),
        Plan(
            2,
            "p2",
            (
                Slot("baseline", EN, (0, 2)),
                Slot("m3", EN, (1,)),
                Slot("diary", EN, (2,), 2),
                Slot("event", EN, (2,), None),
            ),
        ),
    ),
    forms=(CALM_1, CALM_2, MOOD),
    strata=("age_group",),
)
EMPTY = Design(study="empty", title={}, languages=(), plans=(), forms=())

STATES = ("planned", "open", "started", "completed", "expired", "cancelled", "excluded")
CAUSES = {
    "cancelled": ("withdrawn", "paused", "not_in_version"),
    "excluded": ("not_in_arm", "planned_missing", "branched_out"),
}


def mean_of_two(places: tuple[tuple[int, ...], ...], numbers: Floats) -> Scored:
    """Means of at least half of the items; 99 is no answer."""
    usable = np.where(numbers == 99, np.nan, numbers)
    n_answered = np.stack([(~np.isnan(usable[:, p])).sum(axis=1) for p in places], axis=1)
    sums = np.stack([np.nansum(usable[:, p], axis=1) for p in places], axis=1)
    least = np.array([(len(p) + 1) // 2 for p in places])
    enough = n_answered >= np.maximum(least, 1)
    value = np.where(enough, sums / np.maximum(n_answered, 1), np.nan)
    return Scored(value, n_answered.astype(np.int32), np.zeros(value.shape, dtype=np.bool_))


def objects(values: list[Any]) -> Any:
    array = np.empty(len(values), dtype=np.object_)
    array[:] = values
    return array


def ints(values: list[int]) -> Any:
    return np.array(values, dtype=np.int32)


def millis(values: list[int | None]) -> Any:
    return np.array([NO_MOMENT if v is None else v for v in values], dtype=np.int64)


@st.composite
def chunks(draw: st.DrawFn, design: Design = DESIGN, most: int = 3) -> Chunk:
    """A few people, each with every scheduled occasion of one protocol version."""
    people: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for at in range(draw(st.integers(0, most))):
        plan = draw(st.integers(0, len(design.plans) - 1))
        scope = draw(st.sampled_from(["", "", "keep_data", ERASE_DATA]))
        form = draw(st.integers(-1, len(design.planned_forms) - 1))
        people.append({"code": f"P{at:03d}", "plan": plan, "scope": scope})
        own = {"person": at, "plan": plan, "planned_form": form}
        for wave, nth in scheduled(design, plan):
            rows.append({**own, "wave": wave, "nth": nth, **draw(states())})
    messages = [
        {"occasion": o, "kind": kind, "nth": 1, "state": draw(st.sampled_from(MESSAGE_STATES))}
        for o in range(len(rows))
        for kind in draw(st.sampled_from([(), ("invitation",), ("invitation", "reminder")]))
    ]
    filled = [
        draw(filled_forms(design, at, answering))
        for at in range(len(design.forms))
        if (answering := _answering(design, people, rows, at))
    ]
    return assemble(people, rows, messages, tuple(f for f in filled if len(f.occasion)))


@st.composite
def designs_with_forms(draw: st.DrawFn) -> Design:
    """The sample design with planned-missing forms that leave out any items, waves and versions."""
    codes = ["A", "B", "C"][: draw(st.integers(1, 3))]
    plans = []
    for plan in DESIGN.plans:
        cells = [(c, s.wave, f) for c in codes for s in plan.slots for f in s.forms]
        left_out = {}
        for cell in cells:
            places = range(len(DESIGN.forms[cell[2]].questions))
            gone = draw(st.sets(st.sampled_from(places)))
            if gone:
                left_out[cell] = tuple(sorted(gone))
        plans.append(replace(plan, left_out=left_out))
    return replace(DESIGN, plans=tuple(plans), planned_forms=dict.fromkeys(codes, "less"))


@st.composite
def studies_with_forms(draw: st.DrawFn) -> tuple[Design, Chunk]:
    """Such a design, and a few people with its forms or without."""
    design = draw(designs_with_forms())
    return design, draw(chunks(design))


MESSAGE_STATES = ("due", "sending", "sent", "unknown", "failed", "cancelled", "missed")


def scheduled(design: Design, plan: int) -> list[tuple[int, int]]:
    """(wave, nth) of every occasion that a protocol version plans."""
    own = {slot.wave: slot for slot in design.plans[plan].slots}
    return [
        (w, nth)
        for w, wave in enumerate(design.waves)
        if wave in own
        for nth in range(1, (own[wave].n_occasions or 0) + 1)
    ]


@st.composite
def states(draw: st.DrawFn) -> dict[str, Any]:
    state = draw(st.sampled_from(STATES))
    saved = state in {"started", "completed"} or (
        state in {"expired", "cancelled"} and draw(st.booleans())
    )
    return {
        "state": state,
        "cause": draw(st.sampled_from(CAUSES[state])) if state in CAUSES else "",
        "started": START if saved else None,
        "link_opened": START
        if saved or (state in {"open", "expired"} and draw(st.booleans()))
        else None,
    }


def _answering(
    design: Design, people: list[dict[str, Any]], rows: list[dict[str, Any]], form_at: int
) -> list[int]:
    return [
        o
        for o, row in enumerate(rows)
        if row["started"]
        and people[row["person"]]["scope"] != ERASE_DATA
        and any(
            form_at in slot.forms
            for slot in design.plans[row["plan"]].slots
            if slot.wave == design.waves[row["wave"]]
        )
    ]


@st.composite
def filled_forms(draw: st.DrawFn, design: Design, form_at: int, occasions: list[int]) -> Filled:
    """Submissions of some of the occasions, with every kind of gap."""
    chosen = [o for o in occasions if draw(st.booleans())]
    questions = design.forms[form_at].questions
    shape = (len(chosen), len(questions))
    status = np.full(shape, NOT_SHOWN, dtype=np.int8)
    numbers = np.full(shape, np.nan)
    texts = {j: [None] * len(chosen) for j, q in enumerate(questions) if q.kind == "text"}
    for i in range(shape[0]):
        for j, q in enumerate(questions):
            status[i, j] = draw(st.sampled_from([ANSWERED, ANSWERED, SKIPPED, NOT_SHOWN]))
            if status[i, j] == ANSWERED and q.kind == "text":
                texts[j][i] = draw(st.text(min_size=1, max_size=5))  # type: ignore[call-overload]  # lists of gaps
            elif status[i, j] == ANSWERED:
                numbers[i, j] = draw(st.sampled_from([1, 2, 3, 99]))
    return Filled(
        form=form_at,
        occasion=ints(chosen),
        numbers=numbers,
        status=status,
        texts={j: pa.array(column, pa.string()) for j, column in texts.items()},
        seconds=np.where(status == ANSWERED, 1.5, np.nan),
        changes=np.where(status == ANSWERED, 0, -1).astype(np.int32),
        in_sight=lambda: np.full(len(chosen), 30.0),
        score=lambda values: mean_of_two(design.forms[form_at].shown_for, values),
    )


def assemble(
    people: list[dict[str, Any]],
    rows: list[dict[str, Any]],
    messages: list[dict[str, Any]],
    filled: tuple[Filled, ...] = (),
) -> Chunk:
    """Dictionaries as a Chunk; what is not given is empty."""
    n = len(people)
    is_sent = [m["state"] == "sent" for m in messages]
    return Chunk(
        people=People(
            code=objects([p["code"] for p in people]),
            arm=objects([""] * n),
            planned_form=objects([p.get("form", "") for p in people]),
            site=objects([""] * n),
            language=objects(["en"] * n),
            zone=objects(["Europe/Berlin"] * n),
            protocol_version=ints([1] * n),
            enrolled=millis([START] * n),
            joined_by=objects(["csv"] * n),
            group=objects([""] * n),
            status=objects(["enrolled"] * n),
            withdrawn=millis([None] * n),
            scope=objects([p.get("scope", "") for p in people]),
            reminders=objects([p.get("reminders", "all") for p in people]),
            strata=tuple({} for _ in people),
        ),
        occasions=Occasions(
            person=ints([r["person"] for r in rows]),
            plan=ints([r.get("plan", 0) for r in rows]),
            wave=ints([r.get("wave", 0) for r in rows]),
            planned_form=ints([r.get("planned_form", -1) for r in rows]),
            nth=ints([r.get("nth", 1) for r in rows]),
            state=np.array([r["state"] for r in rows], dtype=np.str_),
            cause=np.array([r.get("cause", "") for r in rows], dtype=np.str_),
            opens=millis([START for _ in rows]),
            closes=millis([START for _ in rows]),
            link_opened=millis([r.get("link_opened") for r in rows]),
            started=millis([r.get("started") for r in rows]),
            last_saved=millis([r.get("started") for r in rows]),
            ended=millis([None for _ in rows]),
            local=objects([""] * len(rows)),
            zone=objects([""] * len(rows)),
        ),
        messages=Messages(
            occasion=ints([m["occasion"] for m in messages]),
            kind=objects([m.get("kind", "invitation") for m in messages]),
            nth=ints([m.get("nth", 1) for m in messages]),
            due=millis([START for _ in messages]),
            sent=millis([START if sent else None for sent in is_sent]),
            state=objects([m["state"] for m in messages]),
            why_not=objects([m.get("why_not", "") for m in messages]),
            n_attempts=ints([0] * len(messages)),
            language=objects(["en"] * len(messages)),
        ),
        consents=Consents(
            person=ints(list(range(n))),
            version=ints([1] * n),
            language=objects(["en"] * n),
            text_hash=objects(["0" * 64] * n),
            given=millis([START] * n),
            source=objects(["csv"] * n),
        ),
        filled=filled,
    )
