"""The whole API as its own description has it: right and wrong calls, with and without a token."""

from __future__ import annotations

from itertools import product
from typing import Any, TypeAlias

import pytest
import requests
import schemathesis
from django.db import transaction
from django.test import Client
from hypothesis import given
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from tests.malformed.judging import Attack, nothing_stored
from tests.malformed.making import examples
from tests.malformed.sending import Ask
from tests.malformed.stage import Target

pytestmark = pytest.mark.timeout(900)  # thousands of requests, perhaps on a busy machine

Operation: TypeAlias = APIOperation[Any, Any, Any, Any]

MADE = 6  # for each operation, each mode, each caller, and with or without codes that there are
CALLERS = ("nobody", "somebody with a forged token", "an owner")


@pytest.mark.parametrize("mode", GenerationMode)
def test_every_operation(target: Target, attack: Attack, mode: GenerationMode) -> None:
    """What is refused stores nothing; what is taken, as a right call may be, is undone here."""
    tokens = dict(zip(CALLERS, ("", "study_" + "0" * 64, target.bearer), strict=True))
    known = {"study": target.study, "code": target.cast.person.code}
    with nothing_stored():
        for operation, token in product(operations(), tokens.values()):
            inside = {part.name for part in operation.path_parameters} & set(known)
            made(attack, operation, mode, {}, token)
            made(attack, operation, mode, {name: known[name] for name in inside}, token)
    assert attack.n >= len(CALLERS) * MADE * 10
    assert attack.statuses[401] > MADE
    assert attack.statuses[200 if mode is GenerationMode.POSITIVE else 400] > MADE


def operations() -> list[Operation]:
    """What the description, as it is served, says that there is."""
    served = Client().get("/api/schema/?format=json").json()
    schema = schemathesis.openapi.from_dict(served)
    found = [result for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(found) > 12
    return [result.ok() for result in found]


def made(
    attack: Attack, operation: Operation, mode: GenerationMode, parts: dict[str, str], token: str
) -> None:
    """As many calls as `MADE` of one operation."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    given_parts: dict[str, Any] = {"path_parameters": parts} if parts else {}

    @examples(MADE)
    @given(operation.as_strategy(generation_mode=mode, **given_parts))
    def each(case: Case[Any]) -> None:
        with transaction.atomic():
            if attack(asked(case, headers)).status < 400:
                transaction.set_rollback(True)

    each()


def asked(case: Case[Any], headers: dict[str, str]) -> Ask:
    """The call as it would go over the wire."""
    given = case.as_transport_kwargs(base_url="http://testserver", headers=headers)
    wire = requests.Request(**{k: v for k, v in given.items() if v is not None}).prepare()
    body = wire.body or b""
    assert isinstance(body, bytes | str)
    sent = {name: str(value) for name, value in wire.headers.items()}
    kind = sent.pop("Content-Type", "")
    return Ask(
        "made",
        str(wire.method),
        wire.path_url,
        body.encode() if isinstance(body, str) else body,
        kind,
        headers=tuple(sent.items()),
    )
