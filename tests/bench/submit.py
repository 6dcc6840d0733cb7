"""Full page posts of 13 items against a bare Django view that inserts one JSON row.

Both on the platform's web server and one database, by the same visitors in turn. Half of our posts
keep a draft; the other half hand the questionnaire in, which completes the occasion and leaves an
audit event; no other wave hangs on it, so nothing is planned anew. Each is validated, and leaves
paradata. Then our server gets 50 posts a second, and counts how long each took from the moment at
which it was due.
"""

from __future__ import annotations

from statistics import median, quantiles

from tests.bench import Context, Result
from tests.bench.web.bare import TABLE
from tests.bench.web.pages import Post, make_posts
from tests.bench.web.servers import peak_mb, web_server
from tests.bench.web.visitors import as_fast_as_answered, at_pace

PEOPLE = 1_500
ROUNDS = 3
PACE = 50.0  # posts a second
PACED_PEOPLE = 500
GOAL = 1 / 0.3  # at least 0.3 of the reference's posts a second
GOAL_P99 = 0.25  # seconds


class Submitting(Result):
    """Both goals count: the rate, and the slowest of a hundred at a steady pace."""

    @property
    def is_reached(self) -> bool:
        """Whether both are reached."""
        return super().is_reached and self.detail["p99_seconds"] <= GOAL_P99


def run(context: Context) -> Result:
    """Measure in rounds, ours and the reference in turn; the medians count."""
    n_people, n_paced = context.n(PEOPLE), context.n(PACED_PEOPLE)
    drafts, finals = make_posts(ROUNDS * n_people + n_paced)
    with context.connect() as raw:
        raw.execute(TABLE)
    url = context.database_url
    ours, reference = [], []
    with (
        web_server(url, "studyplatform.wsgi") as (port, pid),
        web_server(url, "tests.bench.web.bare_wsgi") as (bare_port, _),
    ):
        for n in range(ROUNDS):
            mine = slice(n * n_people, (n + 1) * n_people)
            both = (drafts[mine], finals[mine])
            ours.append(_seconds(port, both, 303))
            reference.append(_seconds(bare_port, both, 204))
        rest = slice(ROUNDS * n_people, None)
        paced = [post for pages in (drafts[rest], finals[rest]) for post in pages]
        took = at_pace(port, paced, 303, a_second=PACE)
        memory = peak_mb(pid)
    p50, p99 = median(took), quantiles(took, n=100)[98]
    shares = {
        kind: median(theirs[n] / mine[n] for mine, theirs in zip(ours, reference, strict=True))
        for n, kind in enumerate(("drafts", "last pages"))
    }
    notes = (
        *(f"{kind}: {share:.2f} of the bare rows a second" for kind, share in shares.items()),
        f"at {PACE:.0f} pages a second: median {1000 * p50:.0f} ms, p99 {1000 * p99:.0f} ms"
        f" (goal {1000 * GOAL_P99:.0f} ms)",
    )
    detail = {"p50_seconds": p50, "p99_seconds": p99, "shares": shares, "pages": 2 * n_people}
    totals = [median(map(sum, seconds)) for seconds in (ours, reference)]
    return Submitting(totals[0], totals[1], GOAL, memory, detail, notes=notes)


def _seconds(port: int, pages: tuple[list[Post], list[Post]], status: int) -> tuple[float, float]:
    drafts, finals = pages
    return as_fast_as_answered(port, drafts, status), as_fast_as_answered(port, finals, status)
