"""Reads a page as a browser does: its form, the fields in it, and what could be chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Field:
    """One named control: its kind, the value it holds now, and the values it offers."""

    name: str
    kind: str
    value: str = ""
    offers: list[str] = field(default_factory=list)
    low: float = 0.0
    high: float = 100.0


@dataclass
class Form:
    """One form: where it posts, its fields by name, and its buttons as (name, value)."""

    action: str = ""
    method: str = "get"
    fields: dict[str, Field] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    @property
    def hidden(self) -> dict[str, str]:
        """What the browser sends along unasked."""
        return {f.name: f.value for f in self.fields.values() if f.kind == "hidden"}

    @property
    def questions(self) -> list[Field]:
        """What a person can fill in."""
        return [f for f in self.fields.values() if f.kind != "hidden"]


class FormReader(HTMLParser):
    """Collects the forms of one page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, or a control of the form that is open."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "get").lower()))
        elif self.forms and tag in {"input", "textarea", "button"}:
            self._control(tag, values, self.forms[-1])

    def _control(self, tag: str, values: dict[str, str], form: Form) -> None:
        name, value = values.get("name", ""), values.get("value", "")
        kind = values.get("type", "submit" if tag == "button" else "text")
        if kind == "submit":
            form.buttons.append((name, value))
            return
        if not name:
            return
        control = form.fields.setdefault(name, Field(name, kind))
        if kind in {"radio", "checkbox"}:
            if value:  # else it takes an answer back
                control.offers.append(value)
            if "checked" in values:
                control.value = value
        else:
            control.value = value
            control.low = float(values.get("min") or control.low)
            control.high = float(values.get("max") or control.high)


def forms_of(html: str) -> list[Form]:
    """All forms of a page, in the order of the page."""
    reader = FormReader()
    reader.feed(html)
    return reader.forms
