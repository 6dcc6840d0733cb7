"""The letter box reads on from where it stopped, in an order of its own."""

from __future__ import annotations

import json
from email.message import EmailMessage
from pathlib import Path

import pytest

from studyplatform.demo.mailbox import Mailbox

ORIGIN = "http://127.0.0.1:1"


def _arrive(folder: Path, name: str, to: str, text: str) -> None:
    mail = EmailMessage()
    mail["To"], mail["Subject"], mail["Message-ID"] = to, "Your questionnaire", f"<{name}@x>"
    mail.set_content(text)
    (folder / f"{name}.eml").write_bytes(bytes(mail))
    with (folder / "index.jsonl").open("a") as index:
        index.write(json.dumps({"file": f"{name}.eml", "message_id": f"<{name}@x>"}) + "\n")


def test_each_mail_is_read_once_and_sorted_by_reader(tmp_path: Path) -> None:
    box = Mailbox(tmp_path, ORIGIN)
    assert box.new() == []
    _arrive(tmp_path, "1", "zoe@example.org", f"Hello\n{ORIGIN}/s/abc/\n")
    _arrive(tmp_path, "2", "adam@example.org", f"Hello\n{ORIGIN}/s/def/\n")
    first = box.new()
    assert [(letter.to, letter.link) for letter in first] == [
        ("adam@example.org", f"{ORIGIN}/s/def/"),
        ("zoe@example.org", f"{ORIGIN}/s/abc/"),
    ]
    _arrive(tmp_path, "3", "zoe@example.org", f"{ORIGIN}/s/abc/")
    assert [letter.message_id for letter in box.new()] == ["<3@x>"]


def test_a_mail_that_comes_again_is_the_same_mail(tmp_path: Path) -> None:
    box = Mailbox(tmp_path, ORIGIN)
    for _ in range(2):
        _arrive(tmp_path, "1", "zoe@example.org", f"{ORIGIN}/s/abc/")
    assert len(box.new()) == 1
    _arrive(tmp_path, "1", "zoe@example.org", f"{ORIGIN}/s/abc/")
    assert box.new() == []


def test_a_half_written_line_waits_for_its_end(tmp_path: Path) -> None:
    _arrive(tmp_path, "1", "zoe@example.org", f"{ORIGIN}/s/abc/")
    index = tmp_path / "index.jsonl"
    whole = index.read_text()
    index.write_text(whole[:-5])
    box = Mailbox(tmp_path, ORIGIN)
    assert box.new() == []
    index.write_text(whole)
    assert len(box.new()) == 1


def test_a_mail_without_a_personal_link_stops_the_demo(tmp_path: Path) -> None:
    _arrive(tmp_path, "1", "zoe@example.org", "Hello, and nothing else")
    with pytest.raises(ValueError, match="no personal link"):
        Mailbox(tmp_path, ORIGIN).new()
