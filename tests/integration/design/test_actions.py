"""Drafts and versions: loading twice changes nothing, every version is published once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from surveys.access.actors import actor_of
from surveys.access.models import User
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.design import actions, queries
from surveys.design.models import ProtocolVersion, Study
from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from tests.world import NOW, make_instrument, protocol_document

BY = Actor.system("test")


def draft(**changes: Any) -> Protocol:
    return Protocol.model_validate(protocol_document(**changes))


def load(protocol: Protocol, seed: str | None = None) -> Study:
    return actions.load(protocol=protocol, by=BY, now=NOW, seed=seed)


def publish(study: Study, reason: str = "") -> ProtocolVersion:
    return actions.publish(study=study, reason=reason, by=BY, now=NOW)


@pytest.mark.django_db
def test_loading_creates_the_study_with_a_seed_of_its_own() -> None:
    study = load(draft())
    other = load(draft(study="other"))
    assert queries.draft(study) == draft()
    assert len(study.seed) == 64
    assert study.seed != other.seed
    assert load(draft(study="seeded"), seed="7").seed == "7"


@pytest.mark.django_db
def test_loading_the_same_again_changes_nothing_and_another_draft_only_the_draft() -> None:
    first = load(draft(), seed="7")
    again = load(draft(), seed="7")
    assert (again.pk, again.draft, Event.objects.count()) == (first.pk, first.draft, 1)
    changed = load(draft(timezone="Asia/Tokyo", title={"en": "New", "de": "Neu"}))
    assert (changed.pk, changed.seed, changed.title) == (first.pk, "7", first.title)
    assert queries.draft(changed) != queries.draft(first)
    assert list(Event.objects.order_by("id").values_list("event", flat=True)) == [
        "study.created",
        "study.drafted",
    ]


@pytest.mark.django_db
def test_a_second_seed_is_refused_and_the_draft_stays() -> None:
    load(draft(), seed="7")
    with pytest.raises(actions.SeedIsDrawn, match="has another seed already"):
        load(draft(timezone="Asia/Tokyo"), seed="8")
    assert queries.draft(Study.objects.get()) == draft()


@pytest.mark.django_db
def test_publishing_makes_version_after_version() -> None:
    make_instrument()
    study = load(draft())
    with pytest.raises(queries.NotPublished, match="is not published yet"):
        queries.current(study)
    first = publish(study)
    load(draft(title={"en": "Renamed", "de": "Umbenannt"}))
    second = publish(study, reason=" a clearer title ")
    assert [first.version, second.version] == [1, 2]
    assert queries.current(study) == second
    assert queries.version(study, 1) == first
    assert protocol_of(first) == draft()
    assert second.reason == "a clearer title"
    study.refresh_from_db()
    assert study.title["en"] == "Renamed"
    event = Event.objects.get(event="protocol.published", data__version=2)
    assert (event.study, event.reason) == ("calm-year", "a clearer title")
    assert event.data["content_hash"] == second.content_hash


@pytest.mark.django_db
def test_what_a_version_says_is_not_published_twice() -> None:
    make_instrument()
    study = load(draft())
    publish(study)
    with pytest.raises(actions.NothingToPublish, match="says the same as version 1"):
        publish(study, reason="again")
    assert ProtocolVersion.objects.count() == 1


@pytest.mark.django_db
def test_a_study_without_a_draft_cannot_be_published() -> None:
    study = Study.objects.create(code="empty", title={}, seed="s", created_at=NOW)
    with pytest.raises(actions.NothingToPublish, match="has no draft"):
        publish(study)


@pytest.mark.django_db
def test_a_change_needs_a_reason() -> None:
    make_instrument()
    study = load(draft())
    publish(study)
    load(draft(timezone="Asia/Tokyo"))
    with pytest.raises(actions.ReasonMissing, match="version 2 needs a reason"):
        publish(study, reason="  ")
    assert ProtocolVersion.objects.count() == 1


@pytest.mark.django_db
def test_a_draft_with_problems_is_not_published_and_all_of_them_are_said() -> None:
    study = load(draft(title={"en": "A year of calm"}))
    with pytest.raises(actions.NotPublishable) as caught:
        publish(study)
    lines = str(caught.value).splitlines()
    assert lines[1] == "title: lacks the language 'de'"
    assert lines[2] == "waves[0].instruments[0]: there is no instrument 'calm@1'; known are none"
    assert not ProtocolVersion.objects.exists()
    assert not Event.objects.filter(event="protocol.published").exists()


@pytest.mark.django_db
def test_the_draft_of_one_study_does_not_touch_another() -> None:
    make_instrument()
    study, other = load(draft()), load(draft(study="other"))
    publish(other)
    with pytest.raises(queries.NotPublished, match="has no version 1"):
        queries.version(study, 1)


def publish_side_by_side(second: Callable[[], object]) -> list[object]:
    """Publish in one transaction; while it is open, run `second` in another; what each gave."""
    results: list[object] = [None, None]
    published = threading.Event()

    def run(index: int, act: Callable[[], object]) -> None:
        try:
            results[index] = act()
        except (ValueError, IntegrityError) as error:
            results[index] = type(error)
        finally:
            connection.close()

    def first() -> object:
        with transaction.atomic():
            row = publish(Study.objects.get(), reason="first")
            published.set()
            wait_until_somebody_waits()
        return row.version

    def after_first() -> object:
        assert published.wait(10)
        return second()

    threads = [
        threading.Thread(target=run, args=(i, act)) for i, act in enumerate((first, after_first))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return results


def wait_until_somebody_waits() -> None:
    """Until another session waits for a lock of ours."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks "
                "WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody came to wait")


@pytest.fixture
def published_with_a_new_draft(transactional_db: None) -> None:
    make_instrument()
    publish(load(draft()))
    load(draft(timezone="Asia/Tokyo"))


@pytest.mark.usefixtures("published_with_a_new_draft")
def test_the_same_draft_published_side_by_side_becomes_one_version() -> None:
    results = publish_side_by_side(lambda: publish(Study.objects.get(), reason="second").version)
    assert results == [2, actions.NothingToPublish]
    assert ProtocolVersion.objects.count() == 2


@pytest.mark.usefixtures("published_with_a_new_draft")
def test_two_drafts_published_side_by_side_become_a_version_each() -> None:
    def second() -> int:
        with transaction.atomic():
            study = load(draft(timezone="Asia/Seoul"))
            return publish(study, reason="second").version

    assert publish_side_by_side(second) == [2, 3]
    assert queries.current(Study.objects.get()).document["timezone"] == "Asia/Seoul"


@pytest.mark.usefixtures("published_with_a_new_draft")
def test_without_the_lock_side_by_side_publishing_collides(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the tests above fail when the lock is taken away."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self: self)
    results = publish_side_by_side(lambda: publish(Study.objects.get(), reason="second").version)
    assert results == [2, IntegrityError]


@pytest.mark.django_db
def test_a_version_says_who_published_it_and_when() -> None:
    make_instrument()
    user = User.objects.create_user("ada@example.org", "a long enough password")
    later = NOW + timedelta(days=1)
    row = actions.publish(study=load(draft()), reason="", by=actor_of(user), now=later)
    assert (row.published_by, row.published_at) == (user, later)
    load(draft(timezone="Asia/Tokyo"))
    assert publish(row.study, reason="by a command").published_by is None
