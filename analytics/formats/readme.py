"""`README.txt` of a bundle: what the files are, and how to read them in three lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analytics.formats import Format
from analytics.tidy.design import Design
from analytics.tidy.fixed import Table

_TEXT = """{title}
{line}

Data of the study '{study}', exported by studyplatform {version}.

Tables (rows are identified by the key)
{tables}

Every planned cell has a value or a reason why it has none, never both. In `answers` and `scores`
the reason stands in the column `reason`, in `person_waves` and `wide` in `<column>_reason`.
The reasons are explained in codebook.html and datapackage.json.

Coded answers such as "prefer not to say" are answers: they keep their code in the item columns and
count as unanswered in scores. The codebook marks them as missing; take them out before you
calculate with items.

pandas
    import pandas as pd
    {pandas}
    d = d[d["wave"] == "{wave}"]

R
    {r_library}
    d <- {r_read}
    d <- subset(d, wave == "{wave}")

Other files
  codebook.html      every column, every question in every language, every scoring key
  datapackage.json   the same for programs (Data Package v2)
  design/            the protocols and instruments; their SHA-256 are in MANIFEST.json
  MANIFEST.json      SHA-256, size and rows of each file, versions, options

Check the files with `manage.py verify <this folder>` or any SHA-256 program.
"""


def readme(
    design: Design, tables: Mapping[str, Table], formats: Sequence[Format], version: str
) -> str:
    """The text."""
    title = design.say(design.title) or design.study
    is_parquet = any(form.code == "parquet" for form in formats)
    listed = (
        f"  {table.name:<14}{table.title}\n{'':16}key: {', '.join(table.key)}"
        for table in tables.values()
    )
    return _TEXT.format(
        title=title,
        line="=" * len(title),
        study=design.study,
        version=version,
        tables="\n".join(listed),
        pandas=(
            'd = pd.read_parquet("person_waves.parquet")'
            if is_parquet
            else 'd = pd.read_csv("person_waves.csv", keep_default_na=False, na_values=[""])'
        ),
        r_library="library(arrow)" if is_parquet else "library(readr)",
        r_read=(
            'read_parquet("person_waves.parquet")'
            if is_parquet
            else 'read_csv("person_waves.csv", na = "")'
        ),
        wave=design.waves[0] if design.waves else "baseline",
    )
