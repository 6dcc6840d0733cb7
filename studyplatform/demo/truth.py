"""What is true of the simulated people: traits, change over the waves, and how items measure it. Pure.

A random-intercept cross-lagged model in standard deviations. The parameters are written beside the
demo's data, so that an analysis can be held against what really generated them. Sources of the
sizes: meta-analyses and cohort studies on attachment, self-compassion and retention (see
docs/explanation/demo-model.md); they are plausible, not estimates of anything.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studyplatform.demo.people import stream

CONSTRUCTS = ("anxiety", "avoidance", "compassion", "distress")
ROUNDS = ("baseline", "m3", "m6", "m9", "m12")


@dataclass(frozen=True)
class Truth:
    """Every parameter of the simulation; correlations and paths are standardised."""

    stable_share: dict[str, float] = field(
        default_factory=lambda: {
            "anxiety": 0.65, "avoidance": 0.65, "compassion": 0.60, "distress": 0.50,
        }
    )  # fmt: skip
    between: tuple[tuple[str, str, float], ...] = (
        ("anxiety", "avoidance", 0.35),
        ("anxiety", "compassion", -0.35),
        ("avoidance", "compassion", -0.30),
        ("anxiety", "distress", 0.40),
        ("avoidance", "distress", 0.25),
        ("compassion", "distress", -0.45),
    )
    within: tuple[tuple[str, str, float], ...] = (("compassion", "distress", -0.45),)
    carry_over: float = 0.30
    cross_lags: tuple[tuple[str, str, float], ...] = (
        ("compassion", "distress", -0.12),
        ("anxiety", "compassion", -0.10),
        ("compassion", "anxiety", -0.04),
    )
    programme_on_compassion: tuple[float, ...] = (0.0, 0.55, 0.385, 0.385, 0.385)
    loading: float = 0.70
    state_loading: float = 0.45
    retention: tuple[float, ...] = (0.97, 0.86, 0.78, 0.73, 0.69)
    gone_for_good: float = 0.5
    dropout_on_distress: float = 0.4
    dropout_on_avoidance: float = 0.3
    diary_response: float = 0.72
    stops_midway: float = 0.05
    two_sittings: float = 0.05
    opens_only: float = 0.03
    unfinished_at_baseline: float = 0.3  # of the two shares above: fresh volunteers rarely stop
    skips_item: float = 0.012
    prefers_not_to_say: float = 0.04
    after_which_mail: tuple[float, ...] = (0.55, 0.25, 0.13, 0.07)
    delay_hours_median: float = 14.0
    delay_hours_log_sd: float = 1.1

    def as_document(self) -> dict[str, Any]:
        """The parameters as plain data."""
        return asdict(self)


def trajectories(
    truth: Truth, seed: int, number: int, *, in_programme: bool
) -> NDArray[np.float64]:
    """One person's latent scores, shape (rounds, constructs), each about N(0, 1)."""
    normal = np.random.default_rng(stream(seed, "latent", number).getrandbits(128)).standard_normal
    share = np.array([truth.stable_share[c] for c in CONSTRUCTS])
    trait = np.sqrt(share) * (np.linalg.cholesky(_correlations(truth.between)) @ normal(4))
    mix = np.linalg.cholesky(_correlations(truth.within))
    paths = _paths(truth)
    effect = np.zeros((len(ROUNDS), len(CONSTRUCTS)))
    if in_programme:
        effect[:, CONSTRUCTS.index("compassion")] = truth.programme_on_compassion
    state = mix @ normal(4)
    scores = [trait + np.sqrt(1 - share) * state]
    for _ in ROUNDS[1:]:
        state = paths @ state + np.sqrt(1 - truth.carry_over**2) * (mix @ normal(4))
        scores.append(trait + np.sqrt(1 - share) * state)
    return np.array(scores) + effect


def _correlations(pairs: tuple[tuple[str, str, float], ...]) -> NDArray[np.float64]:
    matrix = np.eye(len(CONSTRUCTS))
    for a, b, r in pairs:
        i, j = CONSTRUCTS.index(a), CONSTRUCTS.index(b)
        matrix[i, j] = matrix[j, i] = r
    return matrix


def _paths(truth: Truth) -> NDArray[np.float64]:
    matrix = np.eye(len(CONSTRUCTS)) * truth.carry_over
    for source, target, size in truth.cross_lags:
        matrix[CONSTRUCTS.index(target), CONSTRUCTS.index(source)] = size
    return matrix
