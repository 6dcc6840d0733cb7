"""docs/reference/messages.md: the guards in order, and every reason for which nothing was sent."""

from __future__ import annotations

from surveys.messaging.explanation.guards import OF_REASON, QUESTIONS, Guard
from surveys.messaging.explanation.timeline import RESULTS
from surveys.messaging.reasons import IN_WORDS
from surveys.scheduling.explanation import CAUSES


def reference_page() -> str:
    """The page; `manage.py reference` writes it and a test compares."""
    parts = [
        "# Messages",
        "Generated from `surveys/messaging/explanation/`. How they work together is told in"
        " [how a message is decided](../explanation/how-a-message-is-decided.md).",
        "## What is asked before a message goes out, in this order",
        _table(("guard", "question"), [(guard, QUESTIONS[guard]) for guard in Guard]),
        "## Where a message stands",
        _table(("state", "in words"), [(state, _whole(says)) for state, says in RESULTS.items()]),
        "## Why a message was not sent",
        _table(
            ("reason", "in words", "guard"),
            [(why, says, f"`{OF_REASON[why]}`") for why, says in IN_WORDS.items()],
        ),
        "## Why an occasion has no message",
        _table(("cause", "in words"), list(CAUSES.items())),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    lines += [f"| `{code}` | {' | '.join(rest)} |" for code, *rest in rows]
    return "\n".join(lines)


def _whole(says: str) -> str:
    return says if says.endswith(".") else f"{says}, with the reason."
