"""Study files: every mistake names its line, column and path; what is written reads back alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.design import studyfile
from surveys.design.protocol import Protocol
from surveys.instruments.library import published
from surveys.lib.yamlfile import DocumentError
from tests.unit.design.studies import CALM, STUDY, changed, protocol, read_study

MARK = "¦"


def complaint(text: str, folder: Path = Path("/nonexistent")) -> str:
    with pytest.raises(DocumentError) as caught:
        read_study(text, folder).checked(CALM)
    return str(caught.value)


def test_a_sound_file_is_read_and_passes() -> None:
    read = read_study().checked(CALM)
    assert read.study == "calm-year"
    assert [wave.code for wave in read.waves] == ["baseline", "m3", "diary"]
    assert read.by_code["diary"].schedule.n_occasions == 42


def misplaced(before: str, after: str) -> tuple[str, str]:
    """The study file with a mistake in it, and its place: the mark ¦ in `after`."""
    lines = changed(before, after).split("\n")
    line = next(n for n, text in enumerate(lines) if MARK in text)
    place = f"study.yaml:{line + 1}:{lines[line].index(MARK) + 1} "
    return "\n".join(lines).replace(MARK, ""), place


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        pytest.param('at: "09:00"', '¦att: "09:00"', "waves[1].schedule.att: unknown key; did you mean 'at'?", id="unknown key"),
        pytest.param("share: 0.5", "share: ¦half", "waves[2].share: expected a valid number", id="wrong type"),
        pytest.param("share: 0.5", "share: ¦1.5", "waves[2].share: expected less than 1", id="out of range"),
        pytest.param("timezone: Europe/Berlin", "timezone: ¦Europe/Berlim", "timezone: 'Europe/Berlim' is no zone of the IANA database; did you mean Europe/Berlin?", id="T17 unknown zone"),
        pytest.param("timezone: Europe/Berlin", "timezone: ¦US/Pacific-New", "timezone: 'US/Pacific-New' is no zone", id="T17 removed zone"),
        pytest.param("offset: P3M", "offset: ¦3 months", "waves[1].schedule.offset: '3 months' is no duration such as P3M", id="bad duration"),
        pytest.param('at: "09:00"', 'at: ¦"9:00"', "waves[1].schedule.at: '9:00' is no time of day such as 09:00", id="bad time"),
        pytest.param("code: m3", "code: ¦baseline", "waves[1].code: wave 'baseline' stands twice", id="duplicate wave"),
        pytest.param("code: waitlist", "code: ¦course", "arms[1].code: arm 'course' stands twice", id="duplicate arm"),
        pytest.param("languages: [en, de]", "languages: [en, ¦en]", "languages[1]: language 'en' stands twice", id="duplicate language"),
        pytest.param("arms: [course]", "arms: [¦curse]", "waves[2].arms[0]: there is no arm 'curse'", id="unknown arm"),
        pytest.param("block_sizes: [4]", "block_sizes: ¦[3]", "allocation.block_sizes: each size must be a multiple of 2", id="block size"),
        pytest.param("anchor: course_start", "anchor: ¦m9.completed", "waves[2].schedule.anchor: 'm9.completed' is neither", id="unknown anchor"),
        pytest.param("min_gap: PT2H", "min_gap: ¦PT6H", "waves[2].schedule.min_gap: 3 prompts 360 minutes apart need 720 minutes, but 10:00 to 21:00 has 660", id="impossible gap"),
        pytest.param('quiet_hours: ["22:00", "08:00"]', 'quiet_hours: ¦["22:00", "22:00"]', "quiet_hours: must begin and end at different times", id="quiet hours"),
        pytest.param("every: P1D, times: 14, ", "every: ¦P1D, ", "waves[2].schedule.every: 'every' needs 'times'", id="repetition"),
        pytest.param("study: calm-year", "study: ¦Calm Year", "study: expected text that should match pattern", id="bad code"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_shape(before: str, after: str, problem: str) -> None:
    text, place = misplaced(before, after)
    assert complaint(text).startswith(place + problem)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        pytest.param("[calm@1]\n    schedule: {anchor: enrollment}", "[¦calm@2]\n    schedule: {anchor: enrollment}", "waves[0].instruments[0]: there is no instrument 'calm@2'; known are calm@1", id="unknown instrument"),
        pytest.param("title: {en: After 3 months, de: Nach 3 Monaten}", "title: ¦{en: After 3 months}", "waves[1].title: lacks the language 'de'", id="missing translation"),
        pytest.param("label: {en: Course, de: Kurs}", "label: ¦{en: Course, de: ' '}", "arms[0].label: lacks the language 'de'", id="empty translation"),
        pytest.param("de: Ein Jahr Ruhe}", "de: Ein Jahr Ruhe, fr: ¦Une année}", "title.fr: 'fr' is none of the study's languages", id="language too many"),
        pytest.param("only_if: baseline.completed", "only_if: ¦baseline.", "waves[1].only_if: 'baseline.' is no CEL expression at character 10", id="bad CEL"),
        pytest.param("only_if: baseline.completed", "only_if: ¦m12.completed", "waves[1].only_if: 'm12' is no earlier wave", id="CEL names a later wave"),
        pytest.param("only_if: baseline.completed", "only_if: ¦baseline.age > 3", "waves[1].only_if: there is no 'age' to ask of 'baseline'; write '<wave>.completed'", id="CEL names an unknown fact"),
        pytest.param('en: "{study}:', 'en: ¦"{Study}:', "messages.invitation.subject.en: unknown placeholder '{Study}'; did you mean '{study}'?", id="bad placeholder"),
        pytest.param('subject: {en: "', 'subject: {en: ¦"Two\\nlines', "messages.invitation.subject.en: a subject is one line", id="subject of two lines"),
        pytest.param('en: "Dear {name}, please answer: {link}"', 'en: ¦"Dear {name}, please answer"', "messages.invitation.body.en: lacks '{link}'", id="no link"),
        pytest.param("reminders: [P3D, P7D]", "reminders: [P3D, ¦P20D]", "waves[0].reminders[1]: P20D comes when the window of P14D has closed", id="reminder too late"),
        pytest.param("reminders: [P3D, P7D]", "reminders: [P7D, ¦P7D]", "waves[0].reminders[1]: must come after the opening and the reminder before it", id="reminders in order"),
        pytest.param("anchors: [course_start]", "anchors: [course_start]\neligibility: ¦age >= 18", "eligibility: 'age' is not known; use 'screener.<item>'", id="eligibility"),
    ],
)  # fmt: skip
def test_a_mistake_that_only_publishing_would_find(before: str, after: str, problem: str) -> None:
    text, place = misplaced(before, after)
    assert complaint(text).startswith(place + problem)


def test_all_problems_are_listed_in_the_order_of_the_file() -> None:
    broken = STUDY.replace("[calm@1]", "[calm@7]").replace("{name}", "{nmae}")
    lines = complaint(broken).splitlines()
    assert [line.split()[0] for line in lines] == [
        "study.yaml:18:19",
        "study.yaml:24:19",
        "study.yaml:29:19",
        "study.yaml:38:16",
        "study.yaml:38:58",
    ]


def test_a_missing_text_does_not_hide_the_other_mistakes() -> None:
    broken = changed("en: I take part.", "en: gone.md").replace("share: 0.5", "share: 2")
    lines = complaint(broken).splitlines()
    assert [line.split()[1] for line in lines] == ["consent.text.en:", "waves[2].share:"]


def test_texts_stand_in_files_beside_the_study(tmp_path: Path) -> None:
    (tmp_path / "consent.md").write_bytes(b"\n## Taking part\r\n\r\nGladly.\n\n")
    text = changed("en: I take part.", "en: consent.md")
    assert read_study(text, tmp_path).protocol.consent.text == {
        "en": "## Taking part\n\nGladly.",
        "de": "Ich nehme teil.",
    }


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        pytest.param("gone.md", None, "'gone.md' cannot be read: No such file", id="missing"),
        pytest.param("../x.md", b"x", "'../x.md' lies outside the study file's folder", id="outside"),
        pytest.param("/etc/x.md", None, "'/etc/x.md' lies outside", id="absolute"),
        pytest.param("big.md", b"x" * 100_001, "'big.md' is larger than 100,000 bytes", id="large"),
        pytest.param("nul.md", b"a\n b\0", "'nul.md', line 2, column 3: the character U+0000", id="NUL"),
        pytest.param("old.md", b"\xfc", "'old.md', line 1, column 1: byte 0xfc is not UTF-8", id="latin"),
        pytest.param("empty.md", b" \n", "'empty.md' holds no text", id="empty"),
        pytest.param("loop.md", b"loop.md", "'loop.md' holds no text", id="names itself"),
    ],
)  # fmt: skip
def test_a_text_file_that_cannot_be_used(
    tmp_path: Path, name: str, content: bytes | None, problem: str
) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    if content is not None:
        (folder / name).write_bytes(content)
    text = changed("en: I take part.", f"en: {name}")
    found = complaint(text, folder)
    assert found.startswith("study.yaml:10:34 consent.text.en: ")
    assert problem in found


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "consent.md").symlink_to(tmp_path / "secret.md")
    assert "lies outside" in complaint(changed("en: I take part.", "en: consent.md"), folder)


def test_one_text_may_stand_for_all_languages() -> None:
    text = changed("label: {en: Waiting list, de: Warteliste}", "label: Warteliste")
    assert read_study(text).protocol.arms[1].label == {"en": "Warteliste", "de": "Warteliste"}


def test_a_file_that_is_no_study_at_all() -> None:
    assert complaint("- a list").startswith("study.yaml:1:1 ")
    assert complaint("").startswith("study.yaml:1:1 the file is empty")


WORDS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"], include_characters="\n"
    ),
    min_size=1,
    max_size=80,
).filter(lambda text: not text.endswith(".md") and not text.startswith("\ufeff"))
TEXTS = st.fixed_dictionaries({"en": WORDS, "de": WORDS})
PERIODS = st.sampled_from(["P1D", "P2W", "P1M", "P12M", "PT90M", "PT3H", "P1DT12H"])
WAVES = st.builds(
    lambda title, offset, length, share: {
        "code": "extra",
        "title": title,
        "instruments": ["calm@1"],
        "schedule": {"anchor": "enrollment", "offset": offset},
        "window": {"start_within": length, "inactivity": length},
        "share": share,
    },
    TEXTS,
    PERIODS,
    PERIODS,
    st.floats(0.01, 0.99),
)


@given(TEXTS, TEXTS, st.lists(WAVES, max_size=1))
@settings(max_examples=25)
def test_what_is_written_reads_back_to_the_same_protocol(
    title: dict[str, str], consent: dict[str, str], waves: list[dict[str, object]]
) -> None:
    document = protocol().model_dump(mode="json", exclude_none=True)
    document["title"], document["consent"]["text"] = title, consent
    document["waves"] += waves
    before = Protocol.model_validate(document)
    text = studyfile.write(before, schema="study-v1.json")
    assert read_study(text).protocol == before
    assert text.startswith("# yaml-language-server: $schema=study-v1.json\nstudy: calm-year\n")


def test_a_key_without_wording_cannot_be_asked_and_says_what_to_do() -> None:
    text = changed(
        "instruments: [calm@1]\n    schedule: {anchor: enrollment}",
        "instruments: [calm@1, phq8@1]\n    schedule: {anchor: enrollment}",
    )
    with pytest.raises(DocumentError) as caught:
        read_study(text).checked({**CALM, **published()})
    (problem,) = caught.value.problems
    assert problem.path == "waves[0].instruments[1]"
    assert "'phq8@1' is a key without wording and cannot be asked yet" in problem.message
    assert "manage.py instrument wording phq8@1 SHEET" in problem.message
