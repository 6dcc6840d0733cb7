"""What one occasion asks: its wave's instruments, less what the person's form leaves out.

Pages, progress, minutes and completion are all made from this.
"""

from __future__ import annotations

from collections.abc import Mapping

from surveys.design.forms import Form
from surveys.design.protocol import Wave
from surveys.instruments.definition import Instrument


def asked(wave: Wave, form: Form, definitions: Mapping[str, Instrument]) -> list[Instrument]:
    """The instruments in the order asked, with the items that are shown; found by `code@version`."""
    return [definitions[ref].without(form.items_left_out(ref)) for ref in form.asked(wave)]
