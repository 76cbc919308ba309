"""Voting rules as pure functions of ballots: simple, approval, cumulative, ranked; and equal answers as one option.

Options are counted from 0. A ballot is None where no valid vote came: it counts for nobody. The unique maximum wins;
a tie, or no valid ballot at all, has no winner. The rules are those of MALLM (arXiv 2410.22932, section 3).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from manyminds.core import Invalid

POINTS = 10  # that a cumulative ballot distributes
PLACES = 5  # that a ranked ballot fills at most


class Tally(NamedTuple):
    """What each option got, and how many ballots could not be counted."""

    scores: tuple[float, ...]
    invalid: int = 0

    @property
    def leaders(self) -> tuple[int, ...]:
        """The options with the most; none where nothing was given."""
        most = max(self.scores, default=0)
        return tuple(i for i, score in enumerate(self.scores) if score == most) if most > 0 else ()

    @property
    def winner(self) -> int | None:
        """The only leader."""
        return self.leaders[0] if len(self.leaders) == 1 else None


def summed(given: Sequence[Sequence[float] | None], options: int) -> Tally:
    """Add up what each ballot gives to each option."""
    valid = [scores for scores in given if scores is not None]
    return Tally(tuple(sum(scores[i] for scores in valid) for i in range(options)), len(given) - len(valid))


def simple(ballots: Sequence[int | None], options: int) -> Tally:
    """One option a ballot."""
    return approval([None if ballot is None else (ballot,) for ballot in ballots], options)


def approval(ballots: Sequence[Sequence[int] | None], options: int) -> Tally:
    """Any set of options a ballot, also none or all of them."""
    given = [None if ballot is None else approved(ballot, options) for ballot in ballots]
    return summed([None if a is None else [float(i in a) for i in range(options)] for a in given], options)


def cumulative(ballots: Sequence[Sequence[float] | None], options: int, points: int = POINTS) -> Tally:
    """`points` points a ballot, distributed at will: one amount an option."""
    return summed([None if ballot is None else distributed(ballot, options, points) for ballot in ballots], options)


def ranked(ballots: Sequence[Sequence[int] | None], options: int, places: int = PLACES, voters: int = 0) -> Tally:
    """Options from best to worst, at most `places` of them. Place r (from 0) earns min(`places`, N) - r points, where N
    is the number of all agents (`voters`; of ballots if not given); a place that would earn less than 0 earns 0."""
    top = min(places, voters or len(ballots))
    given: list[list[float] | None] = []
    for ballot in ballots:
        if ballot is None:
            given.append(None)
            continue
        place = {option: rank for rank, option in enumerate(in_order(ballot, options, places))}
        given.append([max(0.0, float(top - place[i])) if i in place else 0.0 for i in range(options)])
    return summed(given, options)


def key_of(answer: str) -> str:
    """What equal answers have in common: lower case without outer blanks, of a lettered option its letter."""
    plain = answer.strip().casefold()
    return plain[0] if len(plain) > 1 and plain[0].isalpha() and plain[1] in ")]:" else plain


def merged(answers: Sequence[str], key: Callable[[str], str] = key_of) -> tuple[list[str], list[int]]:
    """The distinct answers in the order of their first, and which of them each answer is. Equal are answers of one key:
    by default case and outer blanks aside, and lettered options ("B) no", "b)") by their letter."""
    keys = [key(answer) for answer in answers]
    first = dict.fromkeys(keys)
    order = {key: i for i, key in enumerate(first)}
    return [answers[keys.index(key)] for key in first], [order[key] for key in keys]


def known(option: int, options: int) -> int:
    """The option; raises `Invalid` where there is none of that number."""
    if not 0 <= option < options:
        raise Invalid(f"there is no option {option}; the options are 0 to {options - 1}")
    return option


def approved(ballot: Sequence[int], options: int) -> frozenset[int]:
    """The ballot as a set; raises `Invalid` for an option that does not exist."""
    return frozenset(known(option, options) for option in ballot)


def distributed(ballot: Sequence[float], options: int, points: int = POINTS) -> tuple[float, ...]:
    """The ballot if it gives exactly `points`, none of them negative."""
    if len(ballot) != options or min(ballot, default=0) < 0 or sum(ballot) != points:
        raise Invalid(f"points must be at least 0 for each of {options} options and sum to {points}, not {sum(ballot)}")
    return tuple(ballot)


def in_order(ballot: Sequence[int], options: int, places: int = PLACES) -> tuple[int, ...]:
    """The ballot if it ranks between one and `places` options, none of them twice."""
    if not 1 <= len(ballot) <= places:
        raise Invalid(f"a ranking names 1 to {places} options, not {len(ballot)}")
    repeated = [option for option, times in Counter(ballot).items() if times > 1]
    if repeated:
        raise Invalid(f"option {repeated[0]} is ranked more than once")
    return tuple(known(option, options) for option in ballot)
