"""A language model as a member of a commons: the agent of GovSim (arXiv 2404.16698), made of a language agent's parts.

It lives by dates. What it hears is gone after 63 days, how large the pool is after the month that this was true of. The
agreed limit and the universalisation hint are always recalled. It recalls 10 memories to harvest; to speak, 5 for each
of the last four things said. After a talk it keeps a plan and something memorable, after a month what it concludes
from 10 memories about the harvest. Every new memory is rated.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel, Field

from manyminds.agents.embedding import Embedder, hashed_ngrams
from manyminds.agents.language import Focus, LanguageAgent, Pondering, Profile
from manyminds.agents.memory import Memory, Note
from manyminds.core import Event, View, Whole, render
from manyminds.models.request import Model

LIFE = 63  # days
TO_HARVEST, TO_SPEAK, FOCAL = 10, 5, 4  # memories recalled for each purpose; utterances that are focal points
SELFISH = "What you want is to earn as many coins as you can for yourself; what becomes of the others is their affair."


class Insights(BaseModel, frozen=True):
    insights: list[str] = Field(description="up to three conclusions from what you remember", max_length=3)


class Impressions(BaseModel, frozen=True):
    plan: str = Field("", description="one sentence about what you plan to do because of this talk")
    memorable: str = Field("", description="one sentence about what was most interesting in this talk")


def day(view: View) -> int:
    return view.data.today.toordinal()


def told(moment: int) -> str:
    return date.fromordinal(moment).isoformat()


def next_month(when: date) -> date:
    return (when.replace(day=1) + timedelta(32)).replace(day=1)


def noted(event: Event, now: int) -> Note:
    """What an event leaves in the memory: the size of the pool for its month, the limit until the next, all else 63
    days."""
    when = date.fromisoformat(event.data["date"]) if "date" in event.data else date.fromordinal(now)
    born = when.toordinal()
    if event.kind == "month":  # said on the last day of a month, about the pool of the next one
        return Note(event.text, "event", born, next_month(next_month(when)).toordinal())
    if event.kind == "limit":
        return Note(event.text, "thought", born, always=True, key="limit")
    return Note(event.text, "chat" if event.kind == "utterance" else "event", born, born + LIFE)


def standing(view: View) -> Iterable[Note]:
    """The hint of this month in the place of the last one's; the limit comes as news, when it is agreed on."""
    today = view.data.today
    hint = view.data.standing[-1] if view.data.threshold is not None else ""
    yield Note(hint, "thought", today.toordinal(), next_month(today).toordinal(), always=True, key="hint")


def focus(view: View) -> Focus:
    if isinstance(view.action, Whole):
        return Focus((view.data.topic,), TO_HARVEST)
    said = tuple(line.text for line in view.data.said[-FOCAL:] if line.text)
    return Focus(said or (view.data.topic,), TO_SPEAK)


def done(view: View, answer: Any) -> str:
    """What it wished for; what it said it hears like everybody else."""
    return f"I decided to ask for {answer}." if isinstance(view.action, Whole) else ""


def talk_of(view: View) -> list[str]:
    """The talk that has just ended, as the next harvest still knows it."""
    return [f"{line.speaker}: {line.text or '(says nothing)'}" for line in view.data.said]


def ponderings() -> tuple[Pondering, ...]:
    about = "the harvest: what each of us took and what that left for the next month"
    talked = Pondering("after talk", render(__package__, "after_talk"), frozenset({"minutes"}), Impressions,
                       about, TO_SPEAK, talk_of)  # fmt: skip
    reflect = Pondering("reflect", render(__package__, "conclude"), frozenset({"month"}), Insights, about, TO_HARVEST)
    return talked, reflect


def commons_agent(
    model: Model,
    name: str,
    goal: str = "",
    temperature: float = 0.0,
    rates: bool = True,
    embed: Embedder = hashed_ngrams,
    max_tokens: int = 1024,
) -> LanguageAgent:
    """The language agent of one seat. `goal` is told in its profile; `rates=False` spares the calls of rating."""
    return LanguageAgent(
        model, Profile(name, goal), Memory(embed=embed), ponderings(), noted=noted, standing=standing, focus=focus,
        done=done, clock=day, dated=told, rates=rates, lives=LIFE, temperature=temperature, max_tokens=max_tokens,
    )  # fmt: skip
