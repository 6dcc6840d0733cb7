"""Items on screens: what hangs on an answer comes on a later page than its question. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from surveys.instruments import logic

if TYPE_CHECKING:
    from surveys.instruments.definition import Item


def screens(items: Sequence[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """The items in pages of at most `size`.

    Conditions are decided on the server when a page is made, so a page ends before an item that
    asks for an answer on it.
    """
    page: list[Item] = []
    for item in items:
        asked_here = logic.hangs_on(item) & {other.code for other in page}
        if page and (len(page) == size or asked_here):
            yield tuple(page)
            page = []
        page.append(item)
    if page:
        yield tuple(page)
