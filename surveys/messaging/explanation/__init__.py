"""Why was this sent, and why was nothing sent? Pure: plain facts in, sentences and data out.

`explaining` gathers the facts from rows; console and API show what comes out.
"""

from __future__ import annotations

from surveys.messaging.explanation.answers import (
    MessageExplained,
    OccasionExplained,
    explain_message,
    explain_occasion,
)
from surveys.messaging.explanation.facts import (
    AttemptFacts,
    MessageFacts,
    OccasionFacts,
    Situation,
)
from surveys.messaging.explanation.guards import Check, Guard
from surveys.messaging.explanation.timeline import Step

__all__ = [
    "AttemptFacts",
    "Check",
    "Guard",
    "MessageExplained",
    "MessageFacts",
    "OccasionExplained",
    "OccasionFacts",
    "Situation",
    "Step",
    "explain_message",
    "explain_occasion",
]
