"""The index: every table of surveys, in the order of the flow."""

from surveys.lib.models import ClockOffset, Heartbeat
from surveys.audit.models import Event
from surveys.instruments.models import InstrumentVersion
from surveys.design.models import ProtocolVersion, Study
from surveys.access.models import Membership, User
from surveys.participants.models import (
    Allocation,
    Anchor,
    ConsentRecord,
    JoiningCount,
    Participant,
)
from surveys.participants.identity.models import AddressChange, Person, SignUp
from surveys.scheduling.models import Message, Occasion, Reconciliation
from surveys.messaging.models import (
    DatabaseOrigin,
    DeliveryAttempt,
    MailDomain,
    MailEvent,
    MailServer,
    Notification,
    SendingHold,
    Suppression,
)
from surveys.responding.models import Submission
from surveys.safety.models import Alert, AlertStep

__all__ = [
    "AddressChange",
    "Alert",
    "AlertStep",
    "Allocation",
    "Anchor",
    "ClockOffset",
    "ConsentRecord",
    "DatabaseOrigin",
    "DeliveryAttempt",
    "Event",
    "Heartbeat",
    "InstrumentVersion",
    "JoiningCount",
    "MailDomain",
    "MailEvent",
    "MailServer",
    "Membership",
    "Message",
    "Notification",
    "Occasion",
    "Participant",
    "Person",
    "ProtocolVersion",
    "Reconciliation",
    "SendingHold",
    "SignUp",
    "Study",
    "Submission",
    "Suppression",
    "User",
]
