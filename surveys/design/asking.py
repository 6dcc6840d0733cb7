"""What one occasion asks: its wave's instruments, less what the person's form leaves out.

Pages, progress, minutes and completion are all made from this.
"""

from __future__ import annotations

from surveys.design.protocol import Protocol, Wave
from surveys.instruments import registry
from surveys.instruments.definition import Instrument


def asked(protocol: Protocol, wave: Wave, form: str) -> list[Instrument]:
    """The instruments in the order asked, with the items that are shown; "" is no form."""
    chosen = protocol.form(form)
    return [
        instrument.without(chosen.items_left_out(instrument.ref))
        for instrument in registry.instruments(chosen.asked(wave))
    ]
