"""What stands below every mail: whom to ask, help in a crisis, the person's own page. Pure."""

from __future__ import annotations

import html
from dataclasses import dataclass

from surveys.design.protocol import Contact
from surveys.lib import markdown


@dataclass(frozen=True)
class Foot:
    """The foot in one language; `link` leads to the person's own page and `label` names it."""

    contact: Contact
    crisis: str
    link: str
    label: str

    def as_text(self) -> str:
        """For the text part; the link is a line of its own."""
        who = f"{self.contact.name} <{self.contact.email}>"
        return f"{who}\n\n{markdown.to_text(self.crisis)}\n\n{self.label}:\n{self.link}"

    def as_html(self) -> str:
        """For the HTML part."""
        name, email = html.escape(self.contact.name), html.escape(self.contact.email)
        return (
            f'<p><span dir="auto">{name}</span> · <a dir="ltr" href="mailto:{email}">{email}</a></p>\n'
            f"{markdown.to_html(self.crisis)}\n"
            f'<p><a href="{self.link}">{html.escape(self.label)}</a></p>'
        )
