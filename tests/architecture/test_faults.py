"""Every case of the catalogue of faults is proven by a test, and the docs say by which."""

from __future__ import annotations

from tests.faults import catalogue


def test_every_case_has_a_proof_and_every_proof_a_case() -> None:
    assert set(catalogue.proofs()) == set(catalogue.CASES)


def test_the_page_is_current() -> None:
    assert catalogue.PAGE.read_text(encoding="utf-8") == catalogue.reference_page()
