"""Items on screens: what hangs on an answer comes on a later page than its question. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from surveys.instruments.definition import Item


def screens(
    items: Sequence[Item], size: int, hangs_on: Mapping[str, Collection[str]]
) -> Iterator[tuple[Item, ...]]:
    """The items in pages of at most `size`; `hangs_on` has the items that decide about an item.

    Conditions are decided and texts are filled on the server when a page is made, so a page ends
    before an item that asks for an answer on it.
    """
    page: list[Item] = []
    for item in items:
        hangs_here = any(other.code in hangs_on.get(item.code, ()) for other in page)
        if page and (len(page) == size or hangs_here):
            yield tuple(page)
            page = []
        page.append(item)
    if page:
        yield tuple(page)
