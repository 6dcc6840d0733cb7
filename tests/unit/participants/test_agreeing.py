"""What somebody signs is one text with what they ticked, and its hash."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from surveys.participants.agreeing import StatementMissing, signed_hash, signed_text
from tests.unit.participants.protocols import DOCUMENT, protocol

AT = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
CONSENT = DOCUMENT["consent"] | {
    "statements": [
        {"text": {"en": "I take part.", "de": "Ich nehme teil."}},
        {"text": {"en": "Keep my address.", "de": "Adresse behalten."}, "required": False},
    ]
}


def test_the_text_holds_words_ticks_version_language_and_time() -> None:
    text = signed_text(protocol(consent=CONSENT), language="de", ticked={0}, at=AT)
    assert text == (
        "# Ruhe\n\nIch stimme zu.\n\n- [x] Ich nehme teil.\n- [ ] Adresse behalten.\n\n"
        "calm · 2 · de · 2027-03-01 09:30:00 UTC"
    )
    assert signed_hash(text) == hashlib.sha256(text.encode()).hexdigest()
    assert signed_hash("") == ""


def test_each_required_statement_must_be_ticked() -> None:
    with pytest.raises(StatementMissing) as caught:
        signed_text(protocol(consent=CONSENT), language="en", ticked={1}, at=AT)
    assert caught.value.missing == (0,)
