"""How the mails are put together that people ask for on their page."""

from __future__ import annotations

from surveys.messaging.notifying import Words
from surveys.portal.frame import Frame


def letter(frame: Frame, title: str, *paragraphs: str) -> Words:
    """A mail in the study's name; its title is the first sentence too."""
    text = "\n\n".join([f"{title}.", *paragraphs])
    return Words(f"{frame.title}: {title}", text, frame.spoken)
