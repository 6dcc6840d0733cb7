"""The only package that turns rows into frames: one snapshot, streamed as chunks of whole people.

`analytics.actions` calls `snapshot`. Nothing here can import `identity`.
"""

from __future__ import annotations

from analytics.source.snapshots import Snapshot, snapshot

__all__ = ["Snapshot", "snapshot"]
