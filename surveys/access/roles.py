"""Roles as data: which role grants which permissions. The table is also the docs page."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    """Everything that a staff member can be allowed to do in a study."""

    STUDY_VIEW = "study.view"
    STUDY_EDIT = "study.edit"
    PARTICIPANT_VIEW = "participant.view"
    PARTICIPANT_ENROL = "participant.enrol"
    PARTICIPANT_MANAGE = "participant.manage"
    CONTACT_VIEW = "contact.view"
    MESSAGE_VIEW = "message.view"
    MESSAGE_RESEND = "message.resend"
    EXPORT_MAKE = "export.make"
    AUDIT_VIEW = "audit.view"
    ALERT_HANDLE = "alert.handle"


class Role(StrEnum):
    """A membership's role."""

    OWNER = "owner"
    RESEARCHER = "researcher"
    COORDINATOR = "coordinator"
    DATA_MANAGER = "data_manager"
    AUDITOR = "auditor"

    @property
    def label(self) -> str:
        """The role in words."""
        return self.value.replace("_", " ")


_VIEW = frozenset({Permission.STUDY_VIEW, Permission.PARTICIPANT_VIEW})

GRANTS: Mapping[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.RESEARCHER: _VIEW
    | {
        Permission.STUDY_EDIT,
        Permission.PARTICIPANT_ENROL,
        Permission.PARTICIPANT_MANAGE,
        Permission.MESSAGE_VIEW,
        Permission.MESSAGE_RESEND,
        Permission.EXPORT_MAKE,
        Permission.ALERT_HANDLE,
    },
    Role.COORDINATOR: _VIEW
    | {
        Permission.PARTICIPANT_ENROL,
        Permission.PARTICIPANT_MANAGE,
        Permission.CONTACT_VIEW,
        Permission.MESSAGE_VIEW,
        Permission.MESSAGE_RESEND,
        Permission.ALERT_HANDLE,
    },
    Role.DATA_MANAGER: _VIEW | {Permission.EXPORT_MAKE},
    Role.AUDITOR: _VIEW | {Permission.AUDIT_VIEW, Permission.MESSAGE_VIEW},
}


def reference_page() -> str:
    """The table as a page of the docs."""
    lines = [
        "# Roles and permissions",
        "",
        "Generated from `surveys/access/roles.py`. A role is held in one study; whoever holds none",
        "does not see that the study exists.",
        "",
        "| permission | " + " | ".join(role.label for role in Role) + " |",
        "|---" * (len(Role) + 1) + "|",
    ]
    for permission in Permission:
        marks = ("yes" if permission in GRANTS[role] else "" for role in Role)
        lines.append(f"| `{permission}` | " + " | ".join(marks) + " |")
    return "\n".join(lines) + "\n"
