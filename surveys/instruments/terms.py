"""The words that instrument documents are made of: codes, texts, and how models behave. Pure."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Text = dict[Language, Words]
Condition = Annotated[str, StringConstraints(min_length=1, max_length=1000)]

Path = tuple[str | int, ...]
Found = tuple[Path, str]  # where below the instrument, and what is wrong there


class Document(BaseModel):
    """Immutable, and strict about unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))
