"""`manage.py member`: how the first owner of a study comes in."""

from __future__ import annotations

import io
import re

import pytest
from django.core.management import CommandError, call_command

from surveys.access.models import Membership, User
from surveys.access.roles import Role
from surveys.audit.models import Event
from tests.world import make_study

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("member", *arguments, stdout=out)
    return out.getvalue()


def test_a_new_account_gets_a_password_that_is_printed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_study()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    out = run("Ada@Study.example", "calm-year", "owner", "--name", "Ada")
    user = User.objects.get(email="ada@study.example")
    found = re.search(r"password (\S+)", out)
    assert found
    assert user.check_password(found[1])
    assert (user.name, user.is_staff) == ("Ada", False)
    assert Membership.objects.get(user=user).role == Role.OWNER
    assert "ada@study.example is owner of 'calm-year'" in out
    event = Event.objects.get(event="membership.granted")
    assert (event.subject, event.actor) == (user.code, "manage.py member")


def test_somebody_known_keeps_the_password_and_changes_the_role() -> None:
    make_study()
    user = User.objects.create_user("ada@study.example", "calm-river-stone-12")
    assert "password" not in run("ada@study.example", "calm-year", "auditor")
    assert "is data manager of" in run("ADA@study.example", "calm-year", "data_manager")
    user.refresh_from_db()
    assert user.check_password("calm-river-stone-12")
    assert [m.role for m in Membership.objects.all()] == [Role.DATA_MANAGER]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["calm-river-stone-12", "calm-river-stone-13"], "differ"),
        (["short", "short"], "too short"),
        (["calm-river-stone-12", "calm-river-stone-12"], ""),
    ],
)
def test_at_a_terminal_the_password_is_typed(
    monkeypatch: pytest.MonkeyPatch, typed: list[str], said: str
) -> None:
    make_study()
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    answers = iter(typed)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(answers))
    if said:
        with pytest.raises(CommandError, match=said):
            run("ada@study.example", "calm-year", "owner")
        assert not User.objects.exists()
    else:
        assert "password" not in run("ada@study.example", "calm-year", "owner")
        assert User.objects.get().check_password(typed[0])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ada@study.example", "nothing", "owner"), "there is no study 'nothing'"),
        (("ada", "calm-year", "owner"), "'ada' is no e-mail address"),
        (("ada@study.example", "calm-year", "king"), "invalid choice: 'king'"),
        (("ada@study.example", "calm-year"), "expected EMAIL STUDY ROLE"),
        (("ada@study.example", "--revoke"), "expected EMAIL STUDY ROLE"),
        (("ada@study.example", "calm-year", "owner", "--revoke"), "expected EMAIL STUDY ROLE"),
        (("ada@study.example", "calm-year", "--deactivate"), "expected EMAIL STUDY ROLE"),
        (("ada@study.example", "calm-year", "--revoke"), "nobody here has the address"),
        (("ada@study.example", "--deactivate"), "nobody here has the address"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], said: str) -> None:
    make_study()
    with pytest.raises(CommandError, match=re.escape(said)):
        run(*arguments)
    assert not User.objects.exists()
    assert not Membership.objects.exists()


def test_a_role_is_taken_away() -> None:
    make_study()
    user = User.objects.create_user("ada@study.example", "calm-river-stone-12")
    run("ada@study.example", "calm-year", "owner")
    assert "holds no role in 'calm-year' any more" in run(
        "ada@study.example", "calm-year", "--revoke"
    )
    assert not Membership.objects.exists()
    event = Event.objects.get(event="membership.revoked")
    assert (event.study, event.subject, event.data) == ("calm-year", user.code, {"role": "owner"})
    with pytest.raises(CommandError, match="holds no role"):
        run("ada@study.example", "calm-year", "--revoke")


def test_an_account_is_ended_and_comes_back_with_nothing_but_the_new_role(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_study("one")
    make_study("two")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    for study in ("one", "two"):
        run("ada@study.example", study, "owner")
    assert "is ended" in run("ADA@study.example", "--deactivate")
    assert not User.objects.get().is_active
    assert "password" in run("ada@study.example", "two", "auditor")
    assert [(m.study.code, m.role) for m in Membership.objects.all()] == [("two", Role.AUDITOR)]
    assert User.objects.get().is_active
    names = Event.objects.order_by("pk").values_list("event", flat=True)
    assert [name for name in names if name.startswith("account")] == [
        "account.deactivated",
        "account.reactivated",
    ]
