"""What participants read outside of the pages is there in every language of the pages."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from django.conf import settings

from studyplatform import outage
from surveys.messaging.inviting import CONFIRM, COPY, WELCOME
from surveys.messaging.words import OPEN_LABEL, SETTINGS_LABEL

SPOKEN = {code for code, _ in settings.LANGUAGES}
MAILS = (OPEN_LABEL, SETTINGS_LABEL, CONFIRM, WELCOME, COPY)


@pytest.mark.parametrize("words", [*MAILS, *outage.TEXTS.values()])
def test_words_are_there_in_every_language(words: Mapping[str, object]) -> None:
    assert set(words) >= SPOKEN


@pytest.mark.parametrize("mail", [CONFIRM, WELCOME])
def test_each_language_has_the_same_parts_and_names_the_study(
    mail: Mapping[str, tuple[str, ...]],
) -> None:
    for parts in mail.values():
        assert len(parts) == len(mail["en"])
        assert [("{study}" in part) for part in parts] == ["{study}" in p for p in mail["en"]]
