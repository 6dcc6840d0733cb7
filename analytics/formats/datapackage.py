"""`datapackage.json`: the bundle as a Data Package, version 2, with labelled missing values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.formats import Format
from analytics.tidy.design import Design
from analytics.tidy.fixed import Column, Table
from analytics.tidy.names import REASON

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
TYPES: Mapping[str, str] = {
    "word": "string",
    "text": "string",
    "whole": "integer",
    "number": "number",
    "moment": "datetime",
    "yes_no": "boolean",
}
_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
_OCCASION = ["participant", "wave", "nth"]
_REFERENCES: Mapping[str, tuple[list[str], str]] = {
    "occasions": (["participant"], "participants"),
    "answers": (_OCCASION, "occasions"),
    "scores": (_OCCASION, "occasions"),
    "person_waves": (_OCCASION, "occasions"),
    "messages": (_OCCASION, "occasions"),
    "wide": (["participant"], "participants"),
    "consents": (["participant"], "participants"),
}


def datapackage(
    design: Design,
    tables: Mapping[str, Table],
    formats: Sequence[Format],
    *,
    files: Mapping[str, tuple[int, str]],
    version: str,
) -> dict[str, Any]:
    """The descriptor; `files` gives bytes and SHA-256 by path."""
    resources = [
        _resource(table, form, formats, *files[f"{table.name}{form.suffix}"])
        for form in formats
        for table in tables.values()
    ]
    return {
        "$schema": PROFILE,
        "name": design.study,
        "title": design.say(design.title),
        "version": version,
        "resources": resources,
    }


def _resource(
    table: Table, form: Format, formats: Sequence[Format], n_bytes: int, sha256: str
) -> dict[str, Any]:
    name = table.name if form is formats[0] else f"{table.name}-{form.code}"
    return {
        "name": name.replace("_", "-"),
        "title": table.title,
        "path": f"{table.name}{form.suffix}",
        "type": "table",
        "format": form.code,
        "mediatype": _MEDIA[form.code],
        **({"encoding": "utf-8"} if form.code == "csv" else {}),
        "bytes": n_bytes,
        "hash": f"sha256:{sha256}",
        "schema": _schema(table, form, formats),
    }


def _schema(table: Table, form: Format, formats: Sequence[Format]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "fields": [_field(column, table) for column in table.columns],
        "primaryKey": list(table.key),
    }
    if table.name in _REFERENCES:
        fields, target = _REFERENCES[table.name]
        resource = target if form is formats[0] else f"{target}-{form.code}"
        reference = {"resource": resource.replace("_", "-"), "fields": fields}
        schema["foreignKeys"] = [{"fields": fields, "reference": reference}]
    return schema


def _field(column: Column, table: Table) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name,
        "type": TYPES[column.kind],
        "title": column.label,
    }
    described = " ".join(
        filter(None, [column.description, column.unit and f"Unit: {column.unit}."])
    )
    if described:
        field["description"] = described
    constraints: dict[str, Any] = {"required": True} if column.is_key else {}
    if constraints:
        field["constraints"] = constraints
    missing = {value for value, _ in column.missing}
    measured = [(value, label) for value, label in column.choices if value not in missing]
    if measured:
        field["categories"] = [
            {"value": int(value) if column.kind == "number" else value, "label": label}
            for value, label in measured
        ]
    if not column.is_key:
        field["missingValues"] = [
            {"value": "", "label": _empty(column, table)},
            *({"value": value, "label": label} for value, label in column.missing),
        ]
    return field


def _empty(column: Column, table: Table) -> str:
    names = {other.name for other in table.columns}
    if column.name + REASON in names:
        return f"see {column.name + REASON}"
    if column.name in {"value", "text", "score"}:
        return "see reason"
    return "not applicable"
