"""What staff are mailed about an alert. Pure.

No answer, score, rule, participant, name or address: mails lie in many places for years.
"""

from __future__ import annotations

from datetime import datetime

from surveys.messaging.notifying import Words

DRILL = "This is a drill: no participant is concerned. Please act as if it were real.\n\n"


def words(
    *,
    study: str,
    alert: str,
    raised_at: datetime,
    link: str,
    is_drill: bool,
    n_escalations: int = 0,
) -> Words:
    """The mail about one alert, the same for everybody; `study` and `alert` are codes."""
    late = f"not acknowledged ({n_escalations})" if n_escalations else "needs you"
    what = "drill" if is_drill else "safety alert"
    told = (
        "Nobody has acknowledged this alert in the time that the study gives for it."
        if n_escalations
        else "Something in this study asks for your attention."
    )
    return Words(
        f"{what.capitalize()} {alert} in {study} {late}",
        f"{DRILL if is_drill else ''}{told}\n\n"
        f"Study: {study}\nAlert: {alert}\nRaised: {raised_at:%Y-%m-%d %H:%M} UTC\n\n"
        f"Log in, read it and acknowledge it here:\n{link}\n\n"
        "This mail says nothing about any person on purpose. Please do not forward it.",
    )
