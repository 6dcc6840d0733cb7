"""The three personal links of a mail: its questionnaire, the person's own page, no more mails.

Each bears a token for its one purpose, so none opens what another one does.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from surveys.lib import tokens


@dataclass(frozen=True)
class Links:
    """Whole addresses; `unsubscribe` is for mail programs and stands in a header alone."""

    questionnaire: str
    settings: str
    unsubscribe: str


def links_of(*, origin: str, occasion: UUID, generation: int, participant: UUID) -> Links:
    """The links to one occasion (by its row and generation) and one participant (by their key)."""
    return Links(
        questionnaire=f"{origin}/s/{tokens.make('occasion', occasion, generation)}/",
        settings=f"{origin}/me/{tokens.make('me', participant)}/",
        unsubscribe=f"{origin}/u/{tokens.make('unsubscribe', participant)}/",
    )


def masked(origin: str) -> Links:
    """The same for whoever may see a mail but must not follow its links."""
    return Links(f"{origin}/s/…/", f"{origin}/me/…/", f"{origin}/u/…/")
