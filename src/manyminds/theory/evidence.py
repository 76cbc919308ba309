"""When it pays to look twice: the accuracy of reading in one step and in two, and where they cross.

A reader answers rightly with chance q(L) from a context of L tokens that holds the facts, and then overrides it with
what it believed before with chance h. The first step finds all facts with chance r, in much fewer tokens. Without them
it is right with chance g. Ours, after arXiv 2401.05787.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reader:
    """Chances in [0, 1]. `long`: of the whole context, `short`: of the evidence, `both`: of both together; `focus`: how
    often a reader of both relies on the evidence where that holds the facts."""

    recall: float  # r
    q_long: float
    q_short: float
    q_both: float = 0.0
    h_long: float = 0.0  # overrides
    h_short: float = 0.0
    h_both: float = 0.0
    guess: float = 0.0  # g
    focus: float = 1.0


def one_step(reader: Reader) -> float:
    """The accuracy of one look at the whole context."""
    return reader.q_long * (1 - reader.h_long)


def two_steps(reader: Reader, both: bool = False) -> float:
    """The accuracy of a second look at the evidence, or at evidence and context: then what the first step missed can
    still be found."""
    short = reader.q_short * (1 - reader.h_short)
    if not both:
        return reader.recall * short + (1 - reader.recall) * reader.guess
    whole = reader.q_both * (1 - reader.h_both)
    return reader.recall * (reader.focus * short + (1 - reader.focus) * whole) + (1 - reader.recall) * whole


def needed_recall(reader: Reader) -> float:
    """The recall from which on two steps are better than one; infinite where no recall is enough."""
    gained = reader.q_short * (1 - reader.h_short) - reader.guess
    wanted = one_step(reader) - reader.guess
    return wanted / gained if gained > 0 else float("inf") if wanted >= 0 else 0.0
