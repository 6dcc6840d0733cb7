"""Protocol rows as protocols. Published rows never change, so each is parsed once a process."""

from __future__ import annotations

from surveys.design.models import ProtocolVersion
from surveys.design.protocol import Protocol

_parsed: dict[str, Protocol] = {}  # by content hash; as many entries as there are versions


def protocol_of(row: ProtocolVersion) -> Protocol:
    """The protocol stored in a row; the document column is read on first use only."""
    if row.content_hash not in _parsed:
        _parsed[row.content_hash] = Protocol.model_validate(row.document)
    return _parsed[row.content_hash]
