"""Logging in and out, passwords and second factors, as far as HTTP shows them."""

from __future__ import annotations

import itertools
import re
import secrets
from urllib.parse import quote

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import hotp_value, yield_hotp_counters_from_time
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django import Settings

from surveys.access.models import User
from tests.functional.console.cast import PASSWORD

pytestmark = pytest.mark.django_db

LOGIN = "/console/account/login/"
NEW_PASSWORD = "other-calm-stone-34"
_addresses = itertools.count(1)


@pytest.fixture
def visitor() -> Client:
    """A browser at an address of its own, because attempts are counted by address."""
    return Client(REMOTE_ADDR=f"2001:db8:{secrets.randbelow(65535):x}::{next(_addresses):x}")


@pytest.fixture
def user() -> User:
    return User.objects.create_user(f"u{secrets.token_hex(6)}@study.example", PASSWORD, name="Uma")


def log_in(visitor: Client, user: User, password: str = PASSWORD) -> str:
    """Try to log in; return the page, or the address that it leads to."""
    answer = visitor.post(LOGIN, {"login": user.email, "password": password})
    return answer["Location"] if answer.status_code == 302 else answer.content.decode()


def test_the_right_password_leads_to_the_studies_or_where_one_was_going(
    visitor: Client, user: User
) -> None:
    assert log_in(visitor, user) == "/console/"
    assert "Uma" in visitor.get("/console/").content.decode()
    visitor.logout()
    going = "/console/studies/somewhere/"
    fields = {"login": user.email.upper(), "password": PASSWORD, "next": going}
    assert visitor.post(LOGIN, fields)["Location"] == going
    visitor.logout()
    elsewhere = fields | {"next": "https://evil.example/"}
    assert visitor.post(LOGIN, elsewhere)["Location"] == "/console/"


def test_a_wrong_password_and_an_unknown_address_say_the_same(visitor: Client, user: User) -> None:
    wrong = log_in(visitor, user, "not-the-password-1")
    assert "email address and/or password you specified are not correct" in wrong
    stranger = User(email=f"x{secrets.token_hex(6)}@study.example")
    unknown = log_in(visitor, stranger)
    assert "are not correct" in unknown
    assert "_auth_user_id" not in visitor.session


def test_after_a_few_wrong_passwords_even_the_right_one_must_wait(
    visitor: Client, user: User
) -> None:
    for _ in range(5):
        log_in(visitor, user, "not-the-password-1")
    page = log_in(visitor, user)
    assert "Too many failed login attempts" in page
    assert "_auth_user_id" not in visitor.session


def test_many_posts_from_one_address_get_a_page_that_says_wait(visitor: Client) -> None:
    statuses = []
    for n in range(32):
        fields = {"login": f"{n}-{secrets.token_hex(4)}@study.example", "password": "x"}
        answer = visitor.post(LOGIN, fields)
        statuses.append(answer.status_code)
    assert statuses[0] == 200
    assert statuses[-1] == 429
    assert "Too many attempts" in answer.content.decode()


def test_logging_out_takes_a_post(visitor: Client, user: User) -> None:
    log_in(visitor, user)
    assert "Sign Out" in visitor.get("/console/account/logout/").content.decode()
    assert visitor.get("/console/").status_code == 200
    assert visitor.post("/console/account/logout/")["Location"] == LOGIN
    assert visitor.get("/console/").status_code == 302


def test_a_password_is_changed_and_the_old_one_ends(visitor: Client, user: User) -> None:
    other = Client(REMOTE_ADDR="2001:db8::1:1")
    for browser in (visitor, other):
        browser.force_login(user)
    path = "/console/account/password/change/"
    fields = {"oldpassword": PASSWORD, "password1": "short", "password2": "short"}
    assert "too short" in visitor.post(path, fields).content.decode()
    fields |= {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert visitor.post(path, fields).status_code == 302
    assert visitor.get("/console/").status_code == 200
    assert other.get("/console/").status_code == 302, "other sessions end"
    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)


def test_a_forgotten_password_is_replaced_by_a_mailed_link(
    visitor: Client, user: User, mailoutbox: list[EmailMessage], settings: Settings
) -> None:
    settings.PUBLIC_ORIGIN = "https://studies.example"
    path = "/console/account/password/reset/"
    answer = visitor.post(path, {"email": user.email}, headers={"host": "localhost"})
    assert answer.status_code == 302
    (mail,) = mailoutbox
    assert mail.subject == "Study console: A new password"
    found = re.search(r"https://studies\.example(/\S+)", str(mail.body))
    assert found, "the link leads to our own address, whatever host was named"
    form = visitor.get(found[1], follow=True)
    assert 'name="password1"' in form.content.decode()
    where = form.redirect_chain[-1][0]
    visitor.post(where, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)
    used = visitor.get(found[1], follow=True).content.decode()
    assert 'name="password1"' not in used, "a link works once"


def test_a_stranger_who_asks_for_a_password_gets_no_mail(
    visitor: Client, mailoutbox: list[EmailMessage]
) -> None:
    path = "/console/account/password/reset/"
    answer = visitor.post(path, {"email": f"{secrets.token_hex(4)}@study.example"})
    assert answer["Location"] == "/console/account/password/reset/done/"
    assert mailoutbox == []


def test_nobody_signs_up_and_nobody_changes_their_address(visitor: Client, user: User) -> None:
    visitor.force_login(user)
    for path in ("signup/", "email/", "confirm-email/x/", "login/code/", "signup/passkey/"):
        assert visitor.get(f"/console/account/{path}").status_code == 404
    for name in ("account_signup", "account_email"):
        with pytest.raises(NoReverseMatch):
            reverse(name)


def totp(secret: str) -> str:
    """The code that an authenticator app shows now."""
    return f"{hotp_value(secret, next(yield_hotp_counters_from_time())):06d}"


def test_a_second_factor_is_set_up_kept_encrypted_and_then_asked_for(
    visitor: Client, user: User
) -> None:
    log_in(visitor, user)
    setup = "/console/account/mfa/totp/activate/"
    again = visitor.get(setup)["Location"]
    assert again == f"/console/account/reauthenticate/?next={quote(setup, safe='')}"
    assert visitor.post(again, {"password": PASSWORD})["Location"] == setup
    page = visitor.get(setup)
    secret = page.context["form"].secret
    assert "data:image/svg+xml" in page.content.decode()
    wrong = visitor.post(setup, {"code": "000000"})
    assert "Incorrect code" in wrong.content.decode()
    answer = visitor.post(setup, {"code": totp(secret)})
    assert answer.status_code == 302
    stored = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    assert secret not in str(stored.data)
    visitor.post("/console/account/logout/")
    assert log_in(visitor, user).startswith("/console/account/mfa/authenticate/")
    assert visitor.get("/console/").status_code == 302, "the password alone is not enough"


def test_pages_are_english_whatever_the_browser_speaks(visitor: Client) -> None:
    page = visitor.get(LOGIN, headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="en"' in page
    assert "Passwort" not in page
    assert "Password" in page
