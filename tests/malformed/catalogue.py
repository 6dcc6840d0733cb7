"""The catalogue of malformed input, C1 to C7, C13 and C14: what comes, and what must hold.

`VALUES` are put into each field of each form, `BODIES` are sent to each address that takes a POST.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.malformed.sending import FORM, JSON, form

CASES: Mapping[str, str] = {
    "C1": "NUL, half characters, numbers that PostgreSQL has not",
    "C2": "JSON nested 3,000 and 200,000 deep",
    "C3": "Emoji, piled accents, right-to-left override, look-alikes, digits of other scripts",
    "C4": "Numbers of 5,000 digits, infinities, minus nought",
    "C5": "Bodies of 3 MB, 1,001 fields, 11 files; broken multipart",
    "C6": "No option, no item, another instrument's item, another page, a required one left out",
    "C7": "Fields and keys twice, another content type, another method in a header or field",
    "C13": "Template code",
    "C14": "HTML and scripts",
}

VALUES: Mapping[str, tuple[str, ...]] = {
    "C1": ("\0", "x\0y", "3\0", "\ud800", "x\udfffy", "\ufffe", "NaN", "1e200000", "\x1b[31m", "x\x85y"),
    "C2": ("[" * 3_000, '{"a":' * 20_000),
    "C3": (
        "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "a" + "\u0301" * 10_000,
        "\u202e\u202dx", "\u202eevil", "\u0430dmin", "\u0663\u0664", "\uff11\uff12", "\u00b2", "\u2460",
    ),
    "C4": ("9" * 5_000, "-" + "9" * 400, "1e400", "-0", "Infinity", "-inf", "0x10", "1_0", "1.", ".5", "99999999999999999999"),
    "C5": ("x" * 7_000,),
    "C6": ("8", "-1", "999", "None", "null", "true", "[1]", "1,2", "../../etc/passwd"),
    "C7": ("1&mood=2", "a=b;c=d", "%00", "%ff", "a\r\nX-Injected: 1"),
    "C13": (
        "{{191*193}}", "{% load i18n %}", "{{ participant.delete }}", "{x.__class__}", "${191*193}",
        "{'a'|center:1000000000}", "{%", "%(name)s", "{0}", "#{191*193}",
    ),
    "C14": (
        "<script>alert(191)</script>", "\"><img src=x onerror=alert(191)>", "'><svg/onload=alert(191)>",
        "javascript:alert(191)", "</title><script>alert(191)</script>", "<!--", "&lt;script&gt;",
    ),
}  # fmt: skip

MARKS = (b"36863", b"<script>alert(191)", b"<img src=x", b"<svg/onload")
"""What a page would hold if template code had run or HTML had got through."""

_PARTS = b'--x\r\nContent-Disposition: form-data; name="action"\r\n\r\nnext\r\n--x'
_FILE = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a\0b"\r\n\r\n\0\r\n'
MULTIPART = "multipart/form-data; boundary=x"

BODIES: Mapping[str, tuple[tuple[str, bytes], ...]] = {
    "C1": (
        (JSON, b'{"a": "\\u0000", "language": "\\ud800", "n": NaN}'),
        (JSON, b'{"email": 1e400, "consent_version": -Infinity}'),
        (FORM, b"action=%00&language=%ED%A0%80&zone=%FF%FE&%00=%00"),
        (FORM, b"\xff\xfe\x00a\x00=\x00b"),
    ),
    "C2": (
        (JSON, b"[" * 3_000),
        (JSON, b"[" * 3_000 + b"]" * 3_000),
        (JSON, b'{"strata":' * 3_000 + b"1" + b"}" * 3_000),
        (JSON, b"[" * 200_000 + b"]" * 200_000),
    ),
    "C4": ((JSON, b'{"consent_version": ' + b"9" * 5_000 + b"}"),),
    "C5": (
        (FORM, b"note=" + b"x" * 3_000_000),
        (FORM, form([(f"f{n}", "1") for n in range(1_001)])),
        (MULTIPART, b"".join(_FILE for _ in range(11)) + b"--x--\r\n"),
        (MULTIPART, _PARTS),  # never ends
        (MULTIPART, b"no part at all"),
        (MULTIPART, b"--x\r\nno header\r\n\r\n--x--\r\n"),
        (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="action"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n--x--\r\n'),
        ("multipart/form-data", _PARTS),
        ("multipart/form-data; boundary=" + "y" * 300, _PARTS),
        (JSON, b'{"note": "' + b"x" * 200_000 + b'"}'),
    ),
    "C6": ((FORM, form([("mood", ""), ("closeness", "3"), ("answers", "{}"), ("id", "1")])),),
    "C7": (
        (JSON, b'{"action": "pause", "action": "resume"}'),
        (JSON, b"[]"), (JSON, b"null"), (JSON, b'"x"'), (JSON, b"0"), (JSON, b""), (JSON, b"{"),
        (FORM, json.dumps({"action": "x"}).encode()),
        (FORM, b"_method=DELETE&_method=PUT"),
        (FORM, b"&&&==&=&;;;"),
        ("text/plain", b"action=pause"), ("application/xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
        ("application/octet-stream", bytes(range(256))),
        ("application/x-www-form-urlencoded; charset=utf-7", b"a=+AAA-"),
        ("nonsense", b"a=b"), ("", b"a=b"), ("/", b"a=b"), ("application/json; charset=\xff".encode("latin-1").decode("latin-1"), b"{}"),
    ),
    "C13": ((FORM, form([("action", "{{191*193}}"), ("{{191*193}}", "${191*193}")])),),
    "C14": ((FORM, form([("<script>alert(191)</script>", "<script>alert(191)</script>")])),),
}  # fmt: skip

HEADERS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "C1": (("Accept-Language", "\x00"), ("Cookie", 'survey="\\000"'), ("Authorization", "Bearer \xe9")),
    "C3": (("Accept-Language", "\u00e9" * 50), ("User-Agent", "\u00ff" * 500)),
    "C5": (("Accept-Language", "en," * 2_000), ("Cookie", "survey=" + "x" * 5_000)),
    "C7": (
        ("X-HTTP-Method-Override", "DELETE"), ("X-Method-Override", "PUT"), ("X-Original-URL", "/console/"),
        ("Accept", "application/xml;q=x"), ("Accept", "*"), ("Content-Length", "x"), ("HX-Request", "true"),
        ("Authorization", "Bearer study_" + "0" * 64), ("Authorization", "Basic !!!"), ("Authorization", "Bearer"),
        ("Authorization", "Bearer a b c"), ("Cookie", "session=" + "a" * 32), ("Cookie", "session=../../x; survey=x:y:z"),
        ("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-For", "' OR 1=1 --"),
        ("If-Modified-Since", "x"), ("Range", "bytes=0-0,1-1"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site"),
    ),
    "C13": (("Accept-Language", "{{191*193}}"),),
    "C14": (("Accept-Language", "<script>alert(191)</script>"), ("User-Agent", "<script>alert(191)</script>")),
}  # fmt: skip

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "NO-SUCH")

QUERY = ("page", "code", "state", "kind", "wave", "participant", "when", "seen", "scope", "language",
         "group", "next", "cursor", "page_size", "after", "limit", "format", "script", "own", "who")  # fmt: skip
"""Every parameter that some address reads, and some that none does."""

TOKENS = ("x", "a" * 54, "a" + "a" * 52 + "z", "a" + "0" * 52 + "z", "\u00e9" * 54, "%00" * 54, "a" * 5_000,
          "..", "a:b:c", "{{191*193}}", "<script>alert(191)</script>", "\u0130" + "a" * 52 + "z")  # fmt: skip
"""Links that nobody was given."""
