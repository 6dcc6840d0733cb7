"""The whole flow in eight modules: publish, enrol, plan, open, deliver, respond, close.

The faces and the Celery tasks call these functions and nothing deeper. Each is safe to run
twice: it reads the rows upstream, and its key in the database refuses the second effect.
"""

from __future__ import annotations

from surveys.pipeline.answering import open_link, save_page
from surveys.pipeline.caring import acknowledge, close_alert, drill, look_at_alert, note_on_alert
from surveys.pipeline.consenting import decline_consent, renew_consent
from surveys.pipeline.leaving import ask_copy, copy_made, leave, withdraw
from surveys.pipeline.people import (
    ask_to_join,
    enrol,
    join,
    move,
    pause,
    resume,
    set_anchor,
    set_language,
    set_reminders,
    set_time_of_day,
    snooze,
    start_wave,
    startable,
)
from surveys.pipeline.reaching import (
    ask_address,
    confirm_address,
    correct_address,
    lift_suppression,
    note_mail_report,
    resubscribe,
    unsubscribe,
)
from surveys.pipeline.sending import (
    Swept,
    deliver,
    hold,
    notify,
    release,
    resend,
    resend_all,
    sweep,
)
from surveys.pipeline.studies import (
    Published,
    add_wording,
    adopt,
    affected,
    preview,
    publish,
    reconcile,
    reconcile_study,
)

__all__ = [
    "Published",
    "Swept",
    "acknowledge",
    "add_wording",
    "adopt",
    "affected",
    "ask_address",
    "ask_copy",
    "ask_to_join",
    "close_alert",
    "confirm_address",
    "copy_made",
    "correct_address",
    "decline_consent",
    "deliver",
    "drill",
    "enrol",
    "hold",
    "join",
    "leave",
    "lift_suppression",
    "look_at_alert",
    "move",
    "note_mail_report",
    "note_on_alert",
    "notify",
    "open_link",
    "pause",
    "preview",
    "publish",
    "reconcile",
    "reconcile_study",
    "release",
    "renew_consent",
    "resend",
    "resend_all",
    "resubscribe",
    "resume",
    "save_page",
    "set_anchor",
    "set_language",
    "set_reminders",
    "set_time_of_day",
    "snooze",
    "start_wave",
    "startable",
    "sweep",
    "unsubscribe",
    "withdraw",
]
