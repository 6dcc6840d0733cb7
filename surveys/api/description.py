"""The API's description: made once a process, and served to everybody."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

from drf_spectacular.generators import SchemaGenerator

_MAKING = Lock()
_MAKER: Any = SchemaGenerator  # the package has no types for its functions


class OnceGenerator(SchemaGenerator):
    """Makes it once. While it is made the views' parts of it are shared, so two at a time fail."""

    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        """The description, which does not depend on who asks."""
        with _MAKING:
            return _description()


@cache
def _description() -> Any:
    return _MAKER().get_schema(request=None, public=True)
