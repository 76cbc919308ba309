"""Language models at the table: every method on every item, what each turn's solution was worth, and what it cost."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from manyminds.conversations.challenge import challenged
from manyminds.conversations.decisions import Decision, Never
from manyminds.conversations.discussion import Discussion, alone
from manyminds.conversations.methods import Minds
from manyminds.conversations.paradigms import PARADIGMS
from manyminds.conversations.personas import PROPOSERS
from manyminds.conversations.talk_measures import floor, persona_diversity
from manyminds.conversations.transcript import Discussed
from manyminds.papers.mallm.tasks import Asked, extra

SINGLE, ALONE, ENDLESS = "single, chain of thought", "single, as many messages", "memory, to the last turn"


class Talk(BaseModel, frozen=True):
    """One item by one method in one repeat. `scores` are those of the current solution after each turn (for one mind
    alone: after each of its answers), `score` that of the final answer."""

    task: str
    method: str
    repeat: int
    item: str
    scores: list[float]
    score: float
    decided: bool
    turns: int
    messages: int
    calls: int
    tokens: int
    written: list[int]  # tokens by message
    seconds: float
    shares: list[float]  # of the words, by participant
    positions: list[int]  # tokens by place of speaking
    gini: float
    won: int | None
    diversity: float | None
    faults: dict[str, int]
    measures: dict[str, float]


class Challenge(BaseModel, frozen=True):
    """How many of those asked stood by an answer of a kind, and what became of the score."""

    task: str
    repeat: int
    item: str
    kind: str
    agree: int
    asked: int
    before: float
    after: list[float]


def methods(config: Any, decision: Decision) -> dict[str, Discussion]:
    """One mind alone, each paradigm, and a bus that never decides, whose drift can be followed to the last turn."""
    common: dict[str, Any] = {
        "style": config.style_used, "max_tokens": config.max_tokens, "temperature": config.temperature,
        "visible_turns": config.visible_turns, "tries": config.tries,
    }  # fmt: skip
    group = common | {"proposer": PROPOSERS[config.personas], "agents": config.agents, "moderators": config.moderators,
                      "max_turns": config.turns, "independent_first": config.independent_first}  # fmt: skip
    found = {name: Discussion(paradigm=PARADIGMS[name], decision=decision, **group) for name in config.paradigms}
    found[ENDLESS] = Discussion(decision=Never(), **group)
    return {SINGLE: alone(1, **common)} | found


async def item_of(
    config: Any, asked: Asked, repeat: int, minds: Minds, decision: Decision, folder: Path, stream: str
) -> dict[str, Any]:
    """All methods on one item, and one mind alone for as many messages as the longest of them."""
    name = f"{stream}/{asked.task}/{asked.id}/{repeat}"
    talks: list[Talk] = []
    challenges: list[Challenge] = []
    every = methods(config, decision)
    for method, discussion in every.items():
        private = known_alone(asked) if method == SINGLE else ("",) * config.moderators + asked.private
        held = await discussion.held(asked.question, minds, f"{name}/{method}", private)
        talks.append(talk_of(asked, method, repeat, held))
        log(folder, asked, method, repeat, held)
        if config.challenge and method == config.paradigms[0]:
            challenges += await challenge_of(asked, repeat, minds, held, name)
    longest = max(talk.messages for talk in talks)
    lonely = alone(longest, **{k: getattr(every[SINGLE], k) for k in ("style", "max_tokens", "temperature", "tries")})
    held = await lonely.held(asked.question, minds, f"{name}/{ALONE}", known_alone(asked))
    talks.append(talk_of(asked, ALONE, repeat, held))
    log(folder, asked, ALONE, repeat, held)
    return {"talks": [talk.model_dump() for talk in talks], "challenges": [c.model_dump() for c in challenges]}


def known_alone(asked: Asked) -> tuple[str, ...]:
    """One mind alone is told what all seats together know."""
    return ("\n".join(asked.private),) if asked.private else ()


def talk_of(asked: Asked, method: str, repeat: int, held: Discussed) -> Talk:
    words, several = floor(held), len(held.participants) > 1
    described = [persona.description for persona in held.participants if persona.description]
    return Talk(
        task=asked.task, method=method, repeat=repeat, item=asked.id,
        scores=[asked.score(solution) for solution in held.by_turn], score=asked.score(held.answer),
        decided=held.decided, turns=held.turns, messages=len(held.talk), calls=held.calls, tokens=held.tokens,
        written=[u.tokens for u in held.talk], seconds=held.seconds, shares=list(words.shares),
        positions=list(words.positions), gini=words.gini, won=words.won if several else None,
        diversity=persona_diversity(described) if len(described) > 1 else None, faults=held.faults,
        measures=extra(asked, held.answer),
    )  # fmt: skip


async def challenge_of(asked: Asked, repeat: int, minds: Minds, held: Discussed, name: str) -> list[Challenge]:
    found = []
    for put in await challenged(asked.question, minds, held.participants, held.answer, name):
        after = [asked.score(text or put.answer) for text in put.replacements]
        found.append(Challenge(task=asked.task, repeat=repeat, item=asked.id, kind=put.kind,
                               agree=sum(a is True for a in put.agrees), asked=len(put.agrees),
                               before=asked.score(put.answer), after=after))  # fmt: skip
    return found


def log(folder: Path, asked: Asked, method: str, repeat: int, held: Discussed) -> None:
    """The whole talk as one JSON file, in the fields of the paper's own output records."""
    names = [persona.role for persona in held.participants]
    memory = [
        {"message_id": u.number, "turn": u.turn, "agent_id": u.speaker, "persona": names[u.speaker],
         "contribution": u.kind, "message": u.text, "agreement": u.agrees, "solution": u.solution,
         "memory_ids": list(u.seen)} for u in held.talk
    ]  # fmt: skip
    record = {
        "example_id": asked.id, "dataset_id": asked.task, "method": method, "repeat": repeat,
        "inputs": [asked.question.text], "context": [asked.question.context] if asked.question.context else None,
        "references": list(asked.references),
        "personas": [{"persona": p.role, "personaDescription": p.description} for p in held.participants],
        "globalMemory": memory,
        "agentMemory": [[u.number for u in held.talk if a in u.hearers] for a in range(len(names))],
        "turns": held.turns, "decisionSuccess": held.decided, "finalAnswer": held.answer,
        "clockSeconds": held.seconds,
        "votesEachTurn": [{"turn": v.turn, "answers": v.options, "votes": v.ballots, "winner": v.winner,
                           "confidences": v.confidences} for v in held.votes],
    }  # fmt: skip
    place = folder / "talks"
    place.mkdir(exist_ok=True)
    title = f"{asked.task}, {asked.id}, {repeat}, {method}.json".replace("/", "-")
    (place / title).write_text(json.dumps(record, indent=1), "utf-8")


def at_length(alone: Talk, talk: Talk, tokens: bool) -> float:
    """The score of one mind alone after as many messages as `talk` had, or with no more tokens written than `talk`."""
    count = talk.messages
    if tokens:
        budget, count = sum(talk.written), 0
        for spent in alone.written:
            if spent > budget:
                break
            budget, count = budget - spent, count + 1
    return alone.scores[min(max(count, 1), len(alone.scores)) - 1]
