"""What a column and a table are, and the columns that are the same in every study. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from analytics.tidy.arrays import MOMENT, WORD
from analytics.tidy.reasons import Reason

KINDS: Mapping[str, pa.DataType] = {
    "word": WORD,
    "text": pa.string(),
    "whole": pa.int32(),
    "number": pa.float64(),
    "moment": MOMENT,
    "yes_no": pa.bool_(),
}

Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Column:
    """One column of one table."""

    table: str
    name: str
    kind: str
    label: str
    description: str = ""
    unit: str = ""
    is_key: bool = False
    choices: Choices = ()  # (value, label)
    missing: Choices = ()  # values that are answers and no measurement
    low: float | None = None
    high: float | None = None
    instrument: str = ""
    item: str = ""
    scale: str = ""
    wave: str = ""
    nth: int = 0


@dataclass(frozen=True)
class Table:
    """One table: what a row is, and its columns in order."""

    name: str
    title: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        return tuple(column.name for column in self.columns if column.is_key)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema; the same for every chunk, and for no rows at all."""
        return pa.schema(
            [pa.field(c.name, KINDS[c.kind], nullable=not c.is_key) for c in self.columns]
        )


REASONS: Choices = tuple((reason.value, reason.meaning) for reason in Reason)

DISPOSITIONS: Choices = (
    ("completed", "Every instrument was handed in."),
    ("partial", "Something was saved, and the occasion ended before all was handed in."),
    ("in_progress", "Something was saved, and the window still runs."),
    *REASONS,
)


def define(name: str, kind: str, label: str, description: str = "", **more: object) -> Column:
    """A column of no table yet; `more` are further fields of it."""
    return replace(Column("", name, kind, label, description), **more)  # type: ignore[arg-type]  # names are checked by replace itself


PARTICIPANT = define("participant", "word", "Participant", "Pseudonymous code.", is_key=True)
OCCASION_KEY = (
    PARTICIPANT,
    define("wave", "word", "Wave", "The protocol's slot.", is_key=True),
    define("nth", "whole", "Occasion number", "Counts from 1 within the wave.", is_key=True),
)
INSTRUMENT_KEY = (
    *OCCASION_KEY,
    define("instrument", "word", "Instrument", "Code of the questionnaire.", is_key=True),
)
VERSION = define("instrument_version", "whole", "Instrument version", "The version that was asked.")

WAYS: Choices = (
    ("csv", "A file, with the command"),
    ("console", "A file, in the console"),
    ("api", "The API"),
    ("sign-up", "The public link"),
)
PARTICIPANTS = (
    PARTICIPANT,
    define("arm", "word", "Arm", "The group by allocation; empty before it and without arms."),
    define("form", "word", "Form", "Of a planned-missing design, drawn once; empty without forms."),
    define("site", "word", "Site"),
    define("language", "word", "Language", "In which the person is written to."),
    define("zone", "word", "Time zone", "Name in the IANA database."),
    define(
        "protocol_version", "whole", "Protocol version", "The version that holds for the person."
    ),
    define("enrolled_at", "moment", "Enrolled"),
    define("joined_by", "word", "Joined by", "How the person came in.", choices=WAYS),
    define("group", "word", "Group", "Whose code the person gave on signing up; else empty."),
    define(
        "status", "word", "Status", choices=(("enrolled", "Takes part"), ("withdrawn", "Withdrew"))
    ),
    define("withdrawn_at", "moment", "Withdrawn"),
    define("withdrawal_scope", "word", "Withdrawal scope", "What was agreed about data so far."),
    define(
        "reminders",
        "word",
        "Reminders wanted",
        "How many of each questionnaire the person wants by now; fewer may lower the response.",
        choices=(("all", "All of them"), ("one", "Only one"), ("none", "None")),
    ),
)
OCCASIONS = (
    *OCCASION_KEY,
    define("protocol_version", "whole", "Protocol version", "The version the occasion follows."),
    define("planned_at", "moment", "Planned opening", "Empty while the date is not known."),
    define(
        "planned_local", "word", "Planned opening, local", "Date and time on the person's clock."
    ),
    define("planned_zone", "word", "Zone of the local time"),
    define("closes_at", "moment", "End of the window"),
    define("opened_at", "moment", "Opened", "The planned opening, once it had come."),
    define("invited_at", "moment", "Invited", "When the first message was sent."),
    define("n_reminders", "whole", "Reminders sent"),
    define("first_fetched_at", "moment", "Start pressed", "Behind the link of any message."),
    define("started_at", "moment", "Started", "When the first page was saved."),
    define("last_saved_at", "moment", "Last saved"),
    define("finished_at", "moment", "Finished", "When the last instrument was handed in."),
    define("closed_at", "moment", "Closed", "When it was completed, ran out or was cancelled."),
    define("disposition", "word", "Disposition", "How it ended, or why not.", choices=DISPOSITIONS),
    define(
        "minutes_active",
        "number",
        "Minutes active",
        "Time in which the pages were in sight, summed over all pages.",
        unit="min",
    ),
    define(
        "attention_passed",
        "whole",
        "Attention items passed",
        "How many were answered as they expect; empty when none was answered.",
    ),
    define(
        "attention_failed", "whole", "Attention items failed", "How many were answered otherwise."
    ),
)
_OF_PERSON_WAVES = {
    "protocol_version", "planned_at", "started_at", "finished_at", "disposition",
    "attention_passed", "attention_failed",
}  # fmt: skip
PERSON_WAVES = (  # those of instruments follow
    *OCCASION_KEY,
    *(column for column in OCCASIONS if column.name in _OF_PERSON_WAVES),
)
ANSWERS = (
    *INSTRUMENT_KEY,
    define("item", "word", "Item", "Code of the question.", is_key=True),
    define("value", "number", "Value", "The code of the chosen option, or the number given."),
    define("text", "text", "Text", "What was written; a date as YYYY-MM-DD, a time as HH:MM."),
    define("label", "word", "Label", "The chosen option in the study's first language."),
    define("reason", "word", "Reason", "Why there is neither value nor text.", choices=REASONS),
    define(
        "seconds",
        "number",
        "Seconds",
        "From the start of the questionnaire to the last save of this answer.",
        unit="s",
    ),
    define("changes", "whole", "Changes", "How often the answer was changed after the first save."),
    define(
        "position",
        "whole",
        "Position",
        "At which place the item was shown, where an order was drawn; else empty.",
    ),
    define(
        "option_order",
        "text",
        "Order of the options",
        "Their codes in the order shown, where it was drawn; else empty.",
    ),
    define("passed", "yes_no", "Passed", "Whether an attention item was answered as it expects."),
    VERSION,
)
SCORES = (
    *INSTRUMENT_KEY,
    define("scale", "word", "Scale", "Code of the scale.", is_key=True),
    define("score", "number", "Score"),
    define("n_answered", "whole", "Items answered", "Coded refusals do not count."),
    define("n_items", "whole", "Items in the scale"),
    define("prorated", "yes_no", "Prorated", "A sum scaled up from fewer answers than items."),
    define("rule", "word", "Rule", "How answers become the score."),
    define(
        "key_version", "word", "Key version", "Changes whenever answers could score differently."
    ),
    define("reason", "word", "Reason", "Why there is no score.", choices=REASONS),
    define("lacks", "word", "Lacks", "What a calculated value lacks, or why it has no result."),
    VERSION,
)
MESSAGES = (
    *OCCASION_KEY,
    define(
        "kind",
        "word",
        "Kind",
        is_key=True,
        choices=(("invitation", "First message"), ("reminder", "Reminder")),
    ),
    define("n", "whole", "Number", "Counts from 1 within the kind.", is_key=True),
    define("planned_at", "moment", "Planned"),
    define("sent_at", "moment", "Sent", "When the mail server took it."),
    define(
        "state",
        "word",
        "State",
        choices=(
            ("due", "Planned"),
            ("sending", "Being sent"),
            ("sent", "The mail server took it"),
            ("unknown", "Cut off after the text; it may have arrived"),
            ("failed", "Refused for good"),
            ("cancelled", "No longer wanted"),
            ("missed", "Found after the window had closed"),
        ),
    ),
    define("why_not", "word", "Why not sent"),
    define("n_attempts", "whole", "Attempts"),
    define("language", "word", "Language", "In which it was sent."),
)
CONSENTS = (
    PARTICIPANT,
    define("version", "whole", "Consent version", "Of the text that was agreed to.", is_key=True),
    define("language", "word", "Language", "In which it was read."),
    define("text_sha256", "word", "SHA-256 of the text", "The same for all who agreed to it."),
    define("given_at", "moment", "Given"),
    define(
        "source",
        "word",
        "Source",
        "How it was given.",
        choices=(*WAYS, ("renewal", "On the participant's page, to a changed text")),
    ),
)
SIGN_UPS = (
    define("day", "word", "Day", "YYYY-MM-DD in the study's time zone.", is_key=True),
    define(
        "n_started", "whole", "Began", "Visitors of the public link who pressed its first button."
    ),
    define("n_not_eligible", "whole", "Not eligible", "By their answers to the screener."),
    define("n_full", "whole", "Found no place"),
    define(
        "n_unconfirmed", "whole", "Never confirmed", "Signed up that day, and their time is over."
    ),
    define("n_joined", "whole", "Joined", "Enrolled that day by the public link."),
)
TITLES: Mapping[str, str] = {
    "participants": "One row a person.",
    "occasions": "One row a planned measurement of one person.",
    "answers": "One row an item that was planned for an occasion.",
    "scores": "One row a scale that was planned for an occasion.",
    "person_waves": "One row an occasion, every item and score as a column; for mixed models.",
    "wide": "One row a person, every score of every wave as a column; for cross-lagged models.",
    "messages": "One row a planned invitation or reminder.",
    "consents": "One row a version of the consent text to which one person agreed.",
    "sign_ups": "One row a day on which anybody came by the public link; for a flow diagram.",
}
