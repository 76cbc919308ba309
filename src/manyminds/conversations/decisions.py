"""How a discussion is decided: by consensus as soon as enough agree, by a vote, by a judge who merges, or never.

A decision protocol looks at the sitting and gives the answer and whether the group agreed on it, or None: go on. What
is still undecided after the last turn keeps the current solution and counts as not agreed (MALLM, arXiv 2410.22932).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import exp
from random import Random
from typing import Any, Literal, Protocol

import numpy as np

from manyminds.agents.embedding import Embedder, hashed_ngrams
from manyminds.conversations import voting
from manyminds.conversations.ballots import AnyOptions, OneOption, Points, Ranking
from manyminds.conversations.consensus import THRESHOLDS, Threshold, backers
from manyminds.conversations.questions import told
from manyminds.conversations.sitting import Sitting
from manyminds.conversations.transcript import Voted, solution_of
from manyminds.core import Action, NoAnswer, Text, Whole, render
from manyminds.models.request import Request, user

Outcome = tuple[str, bool]  # the answer, and whether the group agreed on it
Shown = Literal[
    "anonymous", "public", "history", "facts", "confidence", "confidence-logprob", "confidence-asked",
    "confidence-consistency",
]  # fmt: skip


class Decision(Protocol):
    """`each_message`: is it asked after every message, or only at the end of a turn?"""

    each_message: bool

    async def reached(self, sitting: Sitting) -> Outcome | None: ...


@dataclass(frozen=True)
class Never:
    """The discussion goes on to its last turn."""

    each_message: bool = False

    async def reached(self, sitting: Sitting) -> Outcome | None:
        return None


@dataclass(frozen=True)
class Consensus:
    """Enough of all agents (voters and moderators) stand behind the current solution.

    As in the paper, who agrees since the latest proposal stands behind it, whether it has heard it or not. `heard`
    counts only those who agreed to this very proposal: in a star or a ring the two can differ.
    """

    threshold: Threshold = THRESHOLDS["hybrid"]
    heard: bool = False
    each_message: bool = True

    async def reached(self, sitting: Sitting) -> Outcome | None:
        current = sitting.current
        if current is None:
            return None
        talk = [u for u in sitting.talk if not self.heard or u.proposes or u.proposal in (None, current.proposal)]
        enough = backers([u.stance for u in talk])
        if self.threshold.reached(enough, len(sitting.seats), sitting.turn, len(sitting.voters)):
            return current.solution, True
        return None


RULES: dict[str, tuple[Callable[[int], Action], Callable[..., voting.Tally]]] = {
    "simple": (OneOption, voting.simple),
    "approval": (AnyOptions, voting.approval),
    "cumulative": (Points, voting.cumulative),
    "ranked": (Ranking, voting.ranked),
}


@dataclass(frozen=True)
class Vote:
    """From turn `from_turn`, every voter gives its final answer, and then all vote on these answers.

    `shown` is what voters are shown beside the answers: nothing, whose they are, their own history, facts, or how
    confident the answers' owners are. A tie decides nothing.
    """

    rule: Literal["simple", "approval", "cumulative", "ranked"] = "simple"
    shown: Shown = "anonymous"
    from_turn: int = 3
    tries: int = 10
    embed: Embedder = field(default=hashed_ngrams, repr=False)
    each_message: bool = False

    async def reached(self, sitting: Sitting) -> Outcome | None:
        if sitting.turn < self.from_turn:
            return None
        answers = await final_answers(sitting, self.shown == "confidence-logprob")
        owners = [[sitting.seats[seat].role] for seat in sitting.voters]
        sure = await confidences(sitting, self.shown, answers, self.embed)
        voted = await held(sitting, self.rule, self.shown, answers, owners, sure, self.tries)
        return None if voted.winner is None else (voted.options[voted.winner], True)


@dataclass(frozen=True)
class ConsensusVote:
    """Every turn all vote on their distinct current answers, each shown with everyone who holds it. A tie is broken by
    chance for the answer as it stands, but the group has not agreed."""

    tries: int = 10
    each_message: bool = False

    async def reached(self, sitting: Sitting) -> Outcome | None:
        latest = {u.speaker: u.solution for u in sitting.talk if u.solution}
        holders = [seat for seat in sitting.voters if seat in latest]
        options, which = voting.merged([latest[seat] for seat in holders])
        if not options:
            return None
        owners = [[sitting.seats[seat].role for seat, at in zip(holders, which) if at == i] for i in
                  range(len(options))]  # fmt: skip
        voted = await held(sitting, "simple", "public", options, owners, (), self.tries)
        if voted.winner is not None:
            return options[voted.winner], True
        sitting.fallback = Random(f"tie {sitting.repeat}/{sitting.turn}").choice(options)
        return None


@dataclass(frozen=True)
class Judge:
    """From turn `from_turn`, one mind merges the final answers of all into one."""

    from_turn: int = 3
    each_message: bool = False

    async def reached(self, sitting: Sitting) -> Outcome | None:
        if sitting.turn < self.from_turn:
            return None
        answers = await final_answers(sitting)
        text = render(__package__, "merge", task=told(sitting.question), answers=answers)
        request = Request((user(text),), max_tokens=sitting.settings.max_tokens, output=Text(),
                          repeat=f"{sitting.repeat}/{sitting.turn}/judge")  # fmt: skip
        merged = await sitting.meter.asked(request, "judge", "agent")
        if isinstance(merged, NoAnswer):
            sitting.faults["no judgement"] += 1
            return None
        return merged, True


async def final_answers(sitting: Sitting, logprobs: bool = False) -> list[str]:
    """The final answer of each voter; who gives none keeps the solution that it stood for last."""
    found = []
    for seat in sitting.voters:
        last = next((u.solution for u in reversed(sitting.talk) if u.speaker == seat and u.solution), "")
        last = last or solution_of(sitting.current)
        text = render(__package__, "final", solution=last)
        answer, _ = await sitting.asked(seat, text, Text(), f"{sitting.turn}/final", logprobs=logprobs)
        if isinstance(answer, NoAnswer):
            sitting.faults["no final answer"] += 1
            answer = last
        found.append(answer)
    return found


async def held(
    sitting: Sitting, rule: str, shown: Shown, options: Sequence[str], owners: Sequence[Sequence[str]],
    sure: Sequence[int], tries: int,
) -> Voted:  # fmt: skip
    """One vote of all voters on `options`; an invalid ballot counts for nobody."""
    ballot_of, counted = RULES[rule]
    facts = await facts_for(sitting) if shown == "facts" else ""
    names = owners if shown == "public" else ()
    text = render(__package__, "vote", options=options, owners=names, confidences=sure, facts=facts)
    ballots: list[Any] = []
    for seat in sitting.voters:
        history = sitting.history(seat) if shown == "history" else ()
        output, purpose = ballot_of(len(options)), f"{sitting.turn}/vote"
        ballot, _ = await sitting.asked(seat, text, output, purpose, None, history, tries)
        sitting.faults["invalid vote"] += isinstance(ballot, NoAnswer)
        ballots.append(None if isinstance(ballot, NoAnswer) else ballot)
    more = {"voters": len(sitting.seats)} if rule == "ranked" else {}
    tally = counted(ballots, len(options), **more)
    written = tuple(None if b is None else str(sorted(b) if isinstance(b, frozenset) else b) for b in ballots)
    voted = Voted(sitting.turn, tuple(options), written, tally.winner, tuple(sure))
    sitting.votes.append(voted)
    return voted


async def facts_for(sitting: Sitting) -> str:
    """What the mind in the role "facts" (a retriever, say) knows about the question."""
    text = render(__package__, "facts", task=told(sitting.question))
    request = Request((user(text),), max_tokens=sitting.settings.max_tokens, output=Text(),
                      repeat=f"{sitting.repeat}/{sitting.turn}/facts")  # fmt: skip
    found = await sitting.meter.asked(request, "facts")
    return "" if isinstance(found, NoAnswer) else str(found)


async def confidences(sitting: Sitting, shown: Shown, answers: Sequence[str], embed: Embedder) -> list[int]:
    """How confident the owner of each answer is, 0 to 100; nothing where voters are not told."""
    if shown == "confidence":
        return [100] * len(answers)
    if shown == "confidence-logprob":
        return [probability(sitting.surety.get(seat, ())) for seat in sitting.voters]
    if shown == "confidence-consistency":
        return [consistency([u.text for u in sitting.talk if u.speaker == seat and u.text], embed) for seat in
                sitting.voters]  # fmt: skip
    if shown != "confidence-asked":
        return []
    found = []
    for seat, answer in zip(sitting.voters, answers):
        text = render(__package__, "confidence", answer=answer)
        sure, _ = await sitting.asked(seat, text, Whole(0, 100), f"{sitting.turn}/confidence")
        found.append(0 if isinstance(sure, NoAnswer) else sure)
    return found


def probability(logprobs: Sequence[tuple[str, float]]) -> int:
    """The mean probability of the tokens of an answer, in percent; 0 without any."""
    return round(100 * sum(exp(value) for _, value in logprobs) / len(logprobs)) if logprobs else 0


def consistency(texts: Sequence[str], embed: Embedder) -> int:
    """The mean cosine of all pairs of somebody's messages, in percent; 100 for one message, 0 for none."""
    if len(texts) < 2:
        return 100 * len(texts)
    vectors = embed(texts)
    return round(100 * float(np.mean([vectors[i] @ vectors[j] for i, j in combinations(range(len(texts)), 2)])))


DECISIONS: dict[str, Decision] = {
    **{name: Consensus(threshold) for name, threshold in THRESHOLDS.items()},
    **{name: Vote(name) for name in RULES},  # type: ignore[arg-type]
    "consensus-vote": ConsensusVote(),
    "judge": Judge(),
    "never": Never(),
}
