"""The JSON Schemas that the project publishes, for editors that complete and check while typing."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from surveys.design.protocol import Protocol
from surveys.design.texts import TEXT_FIELDS
from surveys.instruments.blocks import File

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ONE_TEXT = {"type": "string", "description": "One text for all languages, or a .md file's name"}


def schemas() -> dict[str, str]:
    """Each published schema as text, by its file name."""
    return {
        "study-v1.json": _text(_with_plain_texts(_schema(Protocol, "Study file"))),
        "instrument-v1.json": _text(_schema(File, "Instrument file")),
    }


def _schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    return {"$schema": DIALECT} | model.model_json_schema() | {"title": title}


def _with_plain_texts(schema: dict[str, Any]) -> dict[str, Any]:
    """A study file may give one text for all its languages where the protocol has one for each."""
    for part in (schema, *schema["$defs"].values()):
        for name in TEXT_FIELDS.intersection(part.get("properties", ())):
            given = part["properties"][name]
            part["properties"][name] = {"title": name.title(), "anyOf": [ONE_TEXT, given]}
    return schema


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
