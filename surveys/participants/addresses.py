"""E-mail addresses: whether a text is one, and when two are the same. Pure.

Only addresses that every mail server takes are accepted: one of them, ASCII before the @, a
domain name behind it. Names of domains in other scripts are turned into their ASCII form.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import idna

MAX_LENGTH = 254
MAX_LOCAL = 64
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LOCAL = re.compile(rf"{ATOM}(?:\.{ATOM})*")


class BadAddress(ValueError):
    """Not one e-mail address."""


def parse(text: str) -> str:
    """The address as it is written to, with its domain in ASCII; raises BadAddress."""
    local, at, domain = text.strip(" ").rpartition("@")
    if not at:
        raise BadAddress("an address has an @, such as name@example.org")
    if "@" in local or re.search(r"[\s,;<>]", text.strip(" ")):
        raise BadAddress("expected one address and nothing else")
    if not local.isascii():
        raise BadAddress("letters other than a-z before the @ are not taken by most mail servers")
    if len(local) > MAX_LOCAL or not LOCAL.fullmatch(local):
        raise BadAddress("what stands before the @ is not the name of a mailbox")
    address = f"{local}@{_ascii_domain(domain)}"
    if len(address) > MAX_LENGTH:
        raise BadAddress(f"longer than {MAX_LENGTH} characters")
    return address


def normalise(text: str) -> str:
    """The form in which equal addresses are equal: NFKC, case folded, domain in ASCII."""
    return parse(unicodedata.normalize("NFKC", text)).casefold()


@lru_cache(maxsize=1024)  # a file of thousands of people has a few dozen domains
def _ascii_domain(domain: str) -> str:
    try:
        name = idna.encode(domain, uts46=True).decode().lower()
    except UnicodeError as error:
        raise BadAddress("what stands behind the @ is not the name of a domain") from error
    if "." not in name or name.endswith(".") or name.rpartition(".")[2].isdecimal():
        raise BadAddress("what stands behind the @ is not a whole domain, such as example.org")
    return name
