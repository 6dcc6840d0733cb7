"""What changed between two protocols, in lines that people read before they publish. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from surveys.design.protocol import Protocol

LONGEST = 60


@dataclass(frozen=True)
class Change:
    """One value that differs; `before` or `after` is None where there was or is nothing."""

    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.path}: added {_short(self.after)}"
        if self.after is None:
            return f"{self.path}: removed {_short(self.before)}"
        before, after = _around_difference(self.before, self.after)
        return f"{self.path}: {before} -> {after}"


def difference(old: Protocol, new: Protocol) -> list[Change]:
    """The changes in the order of the document; arms and waves are matched by their code."""
    before, after = (p.model_dump(mode="json", exclude_none=True) for p in (old, new))
    return list(_changes("", before, after))


def _changes(path: str, before: Any, after: Any) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            below = f"{path}.{key}" if path else key
            yield from _changes(below, before.get(key), after.get(key))
    elif _coded(before) and _coded(after):
        yield from _coded_changes(path, _by_code(before), _by_code(after))
    else:
        yield Change(path, before, after)


def _coded_changes(path: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    for code in [*before, *(code for code in after if code not in before)]:
        yield from _changes(f"{path}[{code}]", before.get(code), after.get(code))
    order = [code for code in before if code in after]
    new_order = [code for code in after if code in before]
    if order != new_order:
        yield Change(f"{path} (order)", order, new_order)


def _coded(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, dict) and "code" in v for v in value)


def _by_code(values: list[Any]) -> dict[str, Any]:
    return {value["code"]: value for value in values}


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_short(v)}" for k, v in value.items() if k != "code")[:LONGEST]
    if isinstance(value, list):
        return "[" + ", ".join(map(_short, value)) + "]"
    text = str(value)
    if isinstance(value, str) and (len(text) > LONGEST or "\n" in text):
        text = " ".join(text.split())
        return f'"{text[: LONGEST - 1]}…"' if len(text) >= LONGEST else f'"{text}"'
    return text


def _around_difference(before: Any, after: Any) -> tuple[str, str]:
    """Both values shortened to the neighbourhood of the first place where they differ."""
    if not (isinstance(before, str) and isinstance(after, str)):
        return _short(before), _short(after)
    if max(len(before), len(after)) <= LONGEST:
        return _short(before), _short(after)
    pairs = enumerate(zip(before, after, strict=False))
    at = next((i for i, (a, b) in pairs if a != b), min(len(before), len(after)))
    begin = max(0, at - LONGEST // 3)
    lead = "…" if begin else ""
    return lead + _short(before[begin:]), lead + _short(after[begin:])
