"""Field encryption: what it gives back, and everything it must refuse."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.lib.crypto import CannotDecrypt, Keyring

OLD, NEW, OTHER = (letter * 32 for letter in (b"o", b"n", b"x"))
HERE, THERE = "surveys_person:email:1", "surveys_person:email:2"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_encrypted_comes_back(plain: str) -> None:
    ring = Keyring({"k": OLD})
    stored = ring.encrypt(plain, HERE)
    assert stored.startswith("v1.k.")
    assert ring.decrypt(stored, HERE) == plain


def test_the_same_text_never_looks_the_same_twice() -> None:
    ring = Keyring({"k": OLD})
    assert ring.encrypt("ana@example.org", HERE) != ring.encrypt("ana@example.org", HERE)


def test_a_value_moved_to_another_row_does_not_decrypt() -> None:
    ring = Keyring({"k": OLD})
    with pytest.raises(CannotDecrypt, match="another row"):
        ring.decrypt(ring.encrypt("secret", HERE), THERE)


def test_the_wrong_key_under_the_same_id_does_not_decrypt() -> None:
    stored = Keyring({"k": OLD}).encrypt("secret", HERE)
    with pytest.raises(CannotDecrypt):
        Keyring({"k": OTHER}).decrypt(stored, HERE)


def test_a_missing_key_is_named() -> None:
    stored = Keyring({"gone": OLD}).encrypt("secret", HERE)
    with pytest.raises(CannotDecrypt, match="gone"):
        Keyring({"k": NEW}).decrypt(stored, HERE)


@given(st.data())
def test_no_altered_bit_goes_unnoticed(data: st.DataObject) -> None:
    ring = Keyring({"k": OLD})
    stored = ring.encrypt("secret", HERE)
    raw = bytearray(base64.b64decode(stored.removeprefix("v1.k.")))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(CannotDecrypt):
        ring.decrypt("v1.k." + base64.b64encode(raw).decode(), HERE)


@pytest.mark.parametrize(
    "stored",
    ["", "secret", "ana@example.org", "v2.k.AAAA", "v1.k.", "v1.k.!!", "v1.k.AAAA", "v1.k"],
)
def test_what_was_never_encrypted_is_not_handed_back(stored: str) -> None:
    with pytest.raises(CannotDecrypt) as caught:
        Keyring({"k": OLD}).decrypt(stored, HERE)
    assert "secret" not in str(caught.value)


def test_rotation_reads_the_old_and_writes_the_new() -> None:
    stored = Keyring({"old": OLD}).encrypt("secret", HERE)
    both = Keyring({"new": NEW, "old": OLD})
    assert both.decrypt(stored, HERE) == "secret"
    rewritten = both.encrypt("secret", HERE)
    assert Keyring({"new": NEW}).decrypt(rewritten, HERE) == "secret"


def test_the_blind_index_is_found_under_either_key_while_rotating() -> None:
    written_before = Keyring({"old": OLD}).blind_index("ana@example.org", "study")
    both = Keyring({"new": NEW, "old": OLD})
    assert written_before in both.blind_indexes("ana@example.org", "study")
    assert both.blind_index("ana@example.org", "study") != written_before
    assert both.blind_index("ana@example.org", "study") in both.blind_indexes(
        "ana@example.org", "study"
    )


def test_the_blind_index_differs_by_study_value_and_key() -> None:
    ring = Keyring({"k": OLD})
    indexes = {
        ring.blind_index("ana@example.org", "one"),
        ring.blind_index("ana@example.org", "two"),
        ring.blind_index("bea@example.org", "one"),
        Keyring({"k": NEW}).blind_index("ana@example.org", "one"),
    }
    assert len(indexes) == 4
    assert {len(index) for index in indexes} == {16}


def _key(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def test_a_keyring_is_read_from_text_in_order() -> None:
    ring = Keyring.parse(f"new:{_key(NEW)}, old:{_key(OLD)}")
    assert ring.keys == {"new": NEW, "old": OLD}
    assert ring.active == "new"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "k",
        "k:",
        f":{_key(OLD)}",
        f"k:{_key(OLD[:16])}",
        "k:not base64!",
        f"a.b:{_key(OLD)}",
    ],
)
def test_a_bad_keyring_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="field key"):
        Keyring.parse(text)


def test_two_keys_under_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="k is given twice"):
        Keyring.parse(f"k:{_key(OLD)},k:{_key(NEW)}")


def test_a_keyring_never_shows_its_keys() -> None:
    ring = Keyring({"k": OLD})
    assert "ooo" not in repr(ring)
    with pytest.raises(ValueError, match="base64") as caught:
        Keyring.parse(f"k:{_key(OLD)}A")
    assert _key(OLD) not in str(caught.value)
