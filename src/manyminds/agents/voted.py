"""A vote over several answers of one mind, and another mind for ties (self-consistency, arXiv 2203.11171)."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Vote:
    """The answer, as first written; all answers; whether the fallback had to decide."""

    answer: str
    answers: tuple[str, ...]
    tied: bool = False


async def voted(
    sample: Callable[[int], Awaitable[str]],
    fallback: Callable[[], Awaitable[str]],
    samples: int = 5,
    normal: Callable[[str], str] = lambda text: " ".join(text.split()).casefold().rstrip("."),
) -> Vote:
    """The most frequent of `samples` answers, compared after `normal`; where several are, the fallback's answer.

    Empty answers are no votes. Without any vote the fallback answers.
    """
    answers = [await sample(number) for number in range(samples)]
    counts = Counter(filter(None, map(normal, answers)))
    ranked = counts.most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return Vote(await fallback(), tuple(answers), tied=True)
    return Vote(next(one for one in answers if normal(one) == ranked[0][0]), tuple(answers))
