"""Errors that a user can act on: one clear sentence, and the exit code that goes with it."""

from collections.abc import Iterable
from difflib import get_close_matches

DONE, CLAIM_FAILED, BAD_INPUT, BUDGET, INTERRUPTED = 0, 1, 2, 3, 130


class ManymindsError(Exception):
    """The base of every error that is shown as one sentence instead of a traceback."""

    exit_code = BAD_INPUT


class BadInput(ManymindsError):
    """What was given cannot be used; the sentence says what is wrong, where, and what would be right."""


class BudgetReached(ManymindsError):
    """The run has spent what it may; it stops cleanly and can be resumed with more."""

    exit_code = BUDGET


class Interrupted(ManymindsError):
    """Somebody stopped the run from outside; it can be resumed."""

    exit_code = INTERRUPTED


class EndpointDown(ManymindsError):
    """An endpoint could not be reached or kept failing after every retry; the run can be resumed."""


class Refused(ManymindsError):
    """An endpoint answered for good that it will not serve this one request (too long, filtered, malformed)."""


def nearest(name: str, names: Iterable[str], n: int = 3) -> list[str]:
    """Up to `n` of `names` that look most like `name`, best first."""
    return get_close_matches(name, sorted(names), n=n, cutoff=0.4)


def unknown(kind: str, name: str, names: Iterable[str]) -> BadInput:
    """The error for a name that does not exist, with the nearest names that do."""
    known = sorted(names)
    near = nearest(name, known)
    if near:
        hint = f"did you mean {' or '.join(repr(n) for n in near)}?"
    else:
        hint = f"known: {', '.join(known)}" if known else "none exist"
    return BadInput(f"unknown {kind} {name!r}; {hint}")
