"""Who was asked, who answered, who stayed, and why values are missing. Pure."""

from __future__ import annotations

import pandas as pd

NOT_ASKED = ("not_due", "not_in_arm", "planned_missing", "branched_out", "not_in_version", "paused")
ANSWERED = ("completed", "partial", "in_progress")


def by_wave(occasions: pd.DataFrame) -> pd.DataFrame:
    """How each wave went.

    Parameters
    ----------
    occasions
        The bundle's `occasions` table, in the order of the export.

    Returns
    -------
    DataFrame
        One row a wave, in the order of the protocol: `wave`; `asked`, the occasions that were to
        be answered by now; `completed`; `partial`, something saved but not all, ended or not;
        `rate`, completed / asked.
    """
    rows = occasions.assign(
        asked=~occasions["disposition"].isin(NOT_ASKED),
        completed=occasions["disposition"] == "completed",
        partial=occasions["disposition"].isin(["partial", "in_progress"]),
    )
    waves = rows.groupby("wave", sort=False)[["asked", "completed", "partial"]].sum()
    waves["rate"] = waves["completed"] / waves["asked"].where(waves["asked"] > 0)
    return waves.loc[_in_order(occasions)].reset_index()


def retention(occasions: pd.DataFrame) -> pd.DataFrame:
    """How many of those who were asked in a wave answered anything in it.

    Parameters
    ----------
    occasions
        The bundle's `occasions` table, in the order of the export.

    Returns
    -------
    DataFrame
        One row a wave: `wave`, `people` asked at least once, `stayed` with at least one page
        saved, `rate` = stayed / people.
    """
    asked = occasions[~occasions["disposition"].isin(NOT_ASKED)]
    answered = asked["disposition"].isin(ANSWERED)
    per_person = answered.groupby([asked["wave"], asked["participant"]], sort=False).any()
    waves = per_person.groupby(level="wave", sort=False).agg(people="size", stayed="sum")
    waves["rate"] = waves["stayed"] / waves["people"]
    order = [wave for wave in _in_order(occasions) if wave in waves.index]
    return waves.loc[order].reset_index()


def reasons(answers: pd.DataFrame) -> pd.DataFrame:
    """How often each reason stands in the bundle's `answers` table: `reason`, `n`, most first."""
    counts = answers["reason"].dropna().astype(str).value_counts()
    frame = counts.rename_axis("reason").rename("n").reset_index()
    return frame.sort_values(["n", "reason"], ascending=[False, True], ignore_index=True)


def _in_order(occasions: pd.DataFrame) -> list[str]:
    """The waves in the order in which one person after the other has them."""
    place = occasions.groupby("participant", sort=False).cumcount()
    return list(place.groupby(occasions["wave"], sort=False).max().sort_values(kind="stable").index)
