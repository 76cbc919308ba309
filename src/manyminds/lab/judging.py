"""Judging claims: on the results of one run, or saying why they could not be judged."""

from dataclasses import replace
from typing import Any

from manyminds.core import Claim, NotHere, Paper, PaperConfig, PaperResults, Verdict


def judged(claim: Claim, results: Any) -> Verdict:
    """The verdict on a claim; a check that breaks on these results fails and says how."""
    try:
        return claim.verdict(results)
    except Exception as error:
        return fallen(claim, f"the check broke ({said(error)})")


def said(error: BaseException) -> str:
    """An error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


def fallen(claim: Claim, reason: str) -> Verdict:
    """The verdict on a claim whose run or check broke: nothing shows that it holds."""
    return claim.judged(reason, None, None, 0, "fails")


def lacking(claim: Claim, reason: str, what: str = "") -> Verdict:
    """The verdict on a claim that could not be checked for want of `what`, or else of what the claim names."""
    needs = what or claim.needs
    return replace(claim.judged(reason or None, None, None, 0, "fails"), verdict=f"needs-{needs}")  # type: ignore[arg-type]


def judged_here(paper: Paper, config: PaperConfig, results: PaperResults) -> tuple[Verdict, ...]:
    """The verdicts on the claims that speak of a run with this config; what it says nothing about is left out."""
    verdicts = []
    for claim in paper.claims:
        if not fits(paper, claim, config) or claim.seeds > 1:
            continue  # a claim about many runs cannot be judged on one
        try:
            verdicts.append(claim.verdict(results))
        except NotHere:
            continue  # other seats or conditions were chosen
        except Exception as error:
            verdicts.append(fallen(claim, f"the check broke ({said(error)})"))
    return tuple(verdicts)


def fits(paper: Paper, claim: Claim, config: PaperConfig) -> bool:
    """Whether a claim speaks of runs like this one: every setting it is checked under has its value here."""
    asked = paper.config(**claim.config)
    return all(getattr(config, name) == getattr(asked, name) for name in claim.config)
