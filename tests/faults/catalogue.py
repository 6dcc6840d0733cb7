"""The catalogue of faults, and the page that says which test proves what.

`python -m tests.faults.catalogue` writes docs/reference/faults.md; a test compares.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[1] / "docs" / "reference" / "faults.md"

CASES: Mapping[str, tuple[str, str]] = {
    "A1": ("kill -9 of a worker at each step of a delivery", "Sent once; the one mail whose body had begun is `unknown` and never sent again by itself."),
    "A2": ("kill -9 of one pool process at each step", "As A1."),
    "A3": ("A dying worker takes a ring along", "The next tick makes it good."),
    "A4": ("FLUSHALL while mails go out", "Each mail once."),
    "A5": ("Valkey is gone, or accepts and says nothing", "People answer as before."),
    "A6": ("Two beats, three workers", "Each mail once."),
    "A7": ("Fifty rings for one message", "One mail. Without claims and fence there are more."),
    "A8": ("A worker sleeps longer than its lease", "Before the body it sends nothing any more; after it, it brings late proof. Without the fence both send."),
    "A9": ("Replies 421, 450, 451, 452", "Tried again with growing pauses, at most nine times; then failed, with the server's words."),
    "A10": ("Replies 550, 552, 554", "Failed at once, with the server's words."),
    "A11": ("The server falls silent before the body", "Certainly not sent, so sent later, once."),
    "A12": ("The server falls silent after the body", "`unknown`, not sent again."),
    "A13": ("The server falls silent at the goodbye", "Sent."),
    "A14": ("A mail is accepted and comes back", "`bounced`; the dead address gets no more mails."),
    "A15": ("The connection breaks in the middle of a body", "`unknown`: nobody here can know."),
    "A16": ("The mail server is down for a day", "What is still open goes out once, at the pace; what has closed is `missed`."),
    "A17": ("A row that cannot be sent, or ends its worker each time", "It is given up; all others are sent."),
    "A18": ("A planner in a loop", "No message is planned twice, and nobody gets more mails a day than the cap allows."),
    "A19": ("Withdrawal, completion or unsubscription while a worker is about to send", "No mail. Without the gate there is one."),
    "A20": ("SIGTERM while mails go out", "The mail in hand is finished, nothing is lost or tried twice."),
    "B1": ("Fifty presses at once", "One submission, thanks for all."),
    "B2": ("The same page with other answers after handing in", "The first answers stay, and that is said."),
    "B3": ("The database or the web process dies during a submit", "All or nothing; what was typed is kept in the page, and the next press stores it once."),
    "B4": ("The answer to a stored submit is lost", "The next press finds it stored."),
    "B5": ("64 people are enrolled at once", "64 places of the concealed list, without a gap. Without the lock they collide."),
    "B6": ("A deadlock", "Begun again, and nobody notices."),
    "B8": ("A row that somebody holds for ever", "Said within ten seconds, with what was typed."),
    "B9": ("Ten thousand malformed requests, and bytes that are no request", "No error page, each refusal says why, and no row of any table differs."),
    "B10": ("No database connection is left", "Said at once; readiness is red; well again afterwards."),
    "B12": ("Yesterday's backup is restored", "Nothing is sent until a person decides."),
    "B14": ("A worker's clock is an hour or a day wrong", "Nothing goes out early; what is due goes out once."),
    "chaos": ("Five minutes of random faults while people answer", "I1 one mail a message, I2 silence after a no, I3 answers kept once, I4 no stale claim, I5 arms as drawn, I6 each event noted once, I7 everything ends, I8 no error page."),
    "demo": ("Beat, workers, Valkey and PostgreSQL killed in turn during the demo", "The same dataset but for times."),
}  # fmt: skip


def proofs() -> Mapping[str, list[str]]:
    """For each case the tests that open a row for it."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(FOLDER.glob("test_*.py")):
        for test in _tests(path):
            for case in sorted(set(_opened(test))):
                words = test.name.removeprefix("test_").replace("_", " ")
                found[case].append(f"`{path.name}`: {words}")
    return found


def _tests(path: Path) -> list[ast.FunctionDef]:
    body = ast.parse(path.read_text()).body
    return [each for each in body if isinstance(each, ast.FunctionDef)]


def _opened(test: ast.FunctionDef) -> Iterator[str]:
    """The cases named in calls such as `case("A7", ...)`."""
    for call in ast.walk(test):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "case":
            constants = [each for each in ast.walk(call.args[0]) if isinstance(each, ast.Constant)]
            yield from (str(each.value) for each in constants)


def reference_page() -> str:
    """The catalogue as a table."""
    lines = [
        "# Faults",
        "",
        "Generated by `python -m tests.faults.catalogue`; do not edit. `make faults` runs the tests;",
        "see [run the faults](../how-to/run-the-faults.md).",
        "",
        "| case | what fails | what holds | proven by |",
        "|---|---|---|---|",
    ]
    proven = proofs()
    for case, (fails, holds) in CASES.items():
        tests = "<br>".join(proven.get(case, []))
        lines.append(f"| {case} | {fails} | {holds} | {tests} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(reference_page(), encoding="utf-8")
