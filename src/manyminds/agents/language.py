"""A language agent: a profile, a memory, planning, and a model that answers what it sees; each part can be exchanged.

- profile: who the agent is, told with every question.
- memory: what it keeps of the news (`noted`), on which clock (`clock`), and what it recalls for which view (`focus`).
- planning: the questions that it puts to itself when something happens (`Pondering`), whose answers it remembers.
- action: the view with what is recalled above it, answered in the form that the view's action names.
"""

from asyncio import gather
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, Field

from manyminds.agents.memory import Memory, Note
from manyminds.agents.ratings import Ratings
from manyminds.core import Action, Event, Form, NoAnswer, View, render
from manyminds.models.ask import ask
from manyminds.models.request import Model, Request, system, user

THOUGHT = 8  # the importance of a thought, where nobody rates


class Thoughts(BaseModel, frozen=True):
    """What an agent makes of what it remembers."""

    insights: list[str] = Field(description="up to three conclusions from what you remember", max_length=3)
    plan: str = Field("", description="one sentence about what you plan to do next")
    memorable: str = Field("", description="one sentence worth remembering")


@dataclass(frozen=True)
class Profile:
    """Who the agent is. `text` may be empty: then it knows its name only."""

    name: str
    text: str = ""


@dataclass(frozen=True)
class Focus:
    """What is recalled for a view: `recalled` notes for each of the `questions`."""

    questions: tuple[str, ...]
    recalled: int = 10


@dataclass(frozen=True)
class Pondering:
    """A question that an agent puts to itself after some kinds of events.

    It sees the `recalled` notes that fit `about` best and, word by word, what `retold` reads from the view. Every text
    in the answer (an object of the type `form`) is remembered as a thought.
    """

    name: str
    question: str
    after: frozenset[str]
    form: type[BaseModel] = Thoughts
    about: str = ""
    recalled: int = 10
    retold: Callable[[View], Sequence[str]] | None = None


def turn_of(view: View) -> int:
    return view.turn


def untold(moment: int) -> str:
    """How a moment reads to the model; of turns it is told nothing."""
    return ""


def as_done(view: View, answer: Any) -> str:
    """What the agent remembers of having answered; an empty text is not kept."""
    return f"I answered: {answer}"


def nothing(view: View) -> Iterable[Note]:
    return ()


def as_heard(event: Event, now: int, lives: int = 200) -> Note:
    """The note that an event leaves: what was said is chat, all else an event; it is gone after `lives` moments."""
    return Note(event.text, "chat" if event.kind == "utterance" else "event", now, now + lives)


def texts_in(thoughts: BaseModel) -> list[str]:
    """Every non-empty text among the fields of an answer, in order."""
    found: list[str] = []
    for _, value in thoughts:
        found += [text for text in ([value] if isinstance(value, str) else value or []) if text.strip()]
    return found


@dataclass
class LanguageAgent:
    """Answers a view with a model. `memory=None` is an agent that knows only what it sees.

    One agent plays one play: its memory is what it has lived through.
    """

    model: Model
    profile: Profile
    memory: Memory | None = None
    planning: tuple[Pondering, ...] = ()
    noted: Callable[[Event, int], Note] = as_heard
    standing: Callable[[View], Iterable[Note]] = nothing  # notes that the view itself renews, by their keys
    done: Callable[[View, Any], str] = as_done
    focus: Callable[[View], Focus] | None = None  # None: the text of the view is the question
    clock: Callable[[View], int] = turn_of
    dated: Callable[[int], str] = untold
    rates: bool = False  # does the model rate how important each note is? One call for all notes that are new
    recalled: int = 10
    lives: int = 200  # moments after which its own thoughts and actions are gone
    temperature: float = 0.0
    max_tokens: int = 1024
    tries: int = 3
    invalid: Counter[str] = field(default_factory=Counter)  # answers that could not be used, by reason
    unrated: int = 0  # notes that the model gave no legal rating
    kind = "language"

    @classmethod
    def direct(cls, model: Model, name: str = "", **options: Any) -> "LanguageAgent":
        """An agent without memory."""
        return cls(model, Profile(name), **options)

    @classmethod
    def generative(cls, model: Model, name: str, text: str = "", **options: Any) -> "LanguageAgent":
        """An agent with a generative memory that reflects at the end of every month."""
        reflect = Pondering("reflect", render(__package__, "reflect"), frozenset({"month"}))
        return cls(model, Profile(name, text), **{"memory": Memory(), "planning": (reflect,)} | options)

    async def act(self, view: View) -> Any:
        if self.memory is None:
            return await self.asked(view, view.text, view.action, "act")
        await self.notice(view)
        focus = self.focus(view) if self.focus else Focus((view.text,), self.recalled)
        notes = self.memory.recall(focus.questions, self.clock(view), focus.recalled)
        # What the view says already is not told twice.
        told = [note for note in notes if note.text not in view.text]
        answer = await self.asked(view, view.text, view.action, "act", told)
        if not isinstance(answer, NoAnswer):
            self.remember(view, self.done(view, answer), "action")
        return answer

    async def notice(self, view: View) -> None:
        """Remember the news, and ponder if one of them calls for it; all ponderings of a moment run side by side."""
        assert self.memory is not None
        now = self.clock(view)
        for note in self.standing(view):
            self.memory.add(note)
        for event in view.news:
            self.memory.add(self.noted(event, now))
        await self.rate(view, "rate news")
        happened = {event.kind for event in view.news}
        called = [pondering for pondering in self.planning if pondering.after & happened]
        for thoughts in await gather(*(self.pondered(view, pondering) for pondering in called)):
            for thought in thoughts:
                self.remember(view, thought, "thought", None if self.rates else THOUGHT)
        if called:
            await self.rate(view, "rate thoughts")

    async def pondered(self, view: View, pondering: Pondering) -> list[str]:
        """The thoughts that come of a pondering; without any the agent acts on what it saw."""
        assert self.memory is not None
        about = pondering.about or pondering.question
        notes = self.memory.recall(about, self.clock(view), pondering.recalled)
        retold = pondering.retold(view) if pondering.retold else []
        text = render(__package__, "ponder", retold=retold, question=pondering.question)
        answer = await self.asked(view, text, Form(pondering.form), pondering.name, notes)
        return [] if isinstance(answer, NoAnswer) else texts_in(answer)

    async def rate(self, view: View, purpose: str) -> None:
        """Have the model rate the notes that are new; what gets no legal rating counts as 5."""
        assert self.memory is not None
        fresh = self.memory.unrated(self.clock(view)) if self.rates else []
        if not fresh:
            return
        text = render(__package__, "rate", notes=fresh)
        answer = await self.asked(view, text, Ratings(len(fresh)), purpose, tries=1)
        ratings = [None] * len(fresh) if isinstance(answer, NoAnswer) else answer
        self.unrated += ratings.count(None)
        self.memory.rate(fresh, ratings)

    def remember(self, view: View, text: str, kind: Any, importance: int | None = None) -> None:
        assert self.memory is not None
        now = self.clock(view)
        self.memory.add(Note(text, kind, now, now + self.lives, importance))

    async def asked(
        self, view: View, text: str, action: Action, purpose: str, notes: Sequence[Note] = (), tries: int | None = None
    ) -> Any:
        """What the model answers to `text`, with the notes above it."""
        told = render(__package__, "act", notes=[(self.dated(note.created), note.text) for note in notes], text=text)
        before = (system(render(__package__, "profile", profile=self.profile)),) if self.profile.name else ()
        request = Request(
            (*before, user(told)), temperature=self.temperature, max_tokens=self.max_tokens, output=action,
            repeat=f"{view.seeds}/{purpose}",
        )  # fmt: skip
        return (await ask(self.model, request, tries or self.tries, self.invalid)).value
