"""What must hold after the demo's year: no mail without its row, no row without its mail, no gap."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from uuid import UUID

import pyarrow.compute as pc
import pyarrow.parquet as pq

from surveys.audit.models import Event
from surveys.messaging.delivery import message_id
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageState


def mails_match_messages(folder: Path) -> list[str]:
    """Compare the sink with the outbox; return every disagreement.

    What may have arrived is sent again by staff, so as many more mails of a message are right.
    """
    lines = (folder / "index.jsonl").read_text().splitlines()
    received = Counter(json.loads(line)["message_id"] for line in lines)
    sent = {
        message_id(pk)
        for pk in Message.objects.filter(state=MessageState.SENT).values_list("pk", flat=True)
    }
    again = Event.objects.filter(event="message.resent").values_list("data__message", flat=True)
    resent = Counter(message_id(UUID(pk)) for pk in again)
    problems = [f"{key} arrived {n} times" for key, n in received.items() if n > 1 + resent[key]]
    problems += [f"{key} arrived but is not sent in the outbox" for key in received.keys() - sent]
    problems += [f"{key} is sent in the outbox but never arrived" for key in sent - received.keys()]
    return problems


def every_cell_has_a_value_or_a_reason(bundle: Path) -> list[str]:
    """Look at every planned answer and score of the bundle."""
    problems = []
    for table, values in (("answers", ("value", "text")), ("scores", ("score",))):
        cells = pq.read_table(bundle / f"{table}.parquet", columns=[*values, "reason"])
        has_value = pc.is_valid(cells[values[0]])
        for column in values[1:]:
            has_value = pc.or_(has_value, pc.is_valid(cells[column]))
        wrong = pc.sum(pc.equal(has_value, pc.is_valid(cells["reason"]))).as_py() or 0
        if wrong:
            problems.append(f"{wrong} cells of {table} have neither or both of value and reason")
    return problems
