"""The version of a scoring key, which exports write beside every score. Pure."""

from __future__ import annotations

from surveys.instruments.definition import Instrument, Scale
from surveys.lib.documents import content_hash


def key_version(instrument: Instrument, scale: str) -> str:
    """12 hex digits that change whenever the same answers could give another score.

    They cover the scale's key, its rule and the range of each keyed item, not the wording, so
    that two versions of an instrument with corrected spelling share it.
    """
    found = instrument.scale_by_code[scale]
    rule = found.rule.model_dump(mode="json")
    if found.rule.times == 1:  # so that keys from before there was a factor keep their version
        del rule["times"]
    if found.parts:
        return content_hash({"parts": _parts_of_key(instrument, found), "rule": rule})[:12]
    keys = [
        [key.item, key.sign, key.weight, instrument.range_of(instrument.by_code[key.item])]
        for key in sorted(found.scored_keys, key=lambda key: key.item)
    ]
    return content_hash({"keys": keys, "rule": rule})[:12]


def _parts_of_key(instrument: Instrument, scale: Scale) -> list[list[object]]:
    return [
        [part.scale, part.enters, part.weight, key_version(instrument, part.scale)]
        for part in sorted(scale.parts, key=lambda part: part.scale)
    ]
