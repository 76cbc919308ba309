"""A language agent: a profile, a memory, reflection and a model that answers what it sees."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, Field

from manyminds.agents.memory import Memory, Note
from manyminds.core import Action, Form, NoAnswer, View, render
from manyminds.models.ask import ask
from manyminds.models.request import Model, Request, system, user


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


@dataclass
class LanguageAgent:
    """Answers a view with a model. `memory=None` is an agent that knows only what it sees."""

    model: Model
    profile: Profile
    memory: Memory | None = None
    reflect_on: frozenset[str] = frozenset()  # kinds of events after which it reflects
    recalled: int = 10
    temperature: float = 0.0
    max_tokens: int = 1024
    tries: int = 3
    lives: int = 200  # turns after which a memory expires
    invalid: Counter[str] = field(default_factory=Counter)
    kind = "language"

    @classmethod
    def direct(cls, model: Model, name: str = "", **options: Any) -> "LanguageAgent":
        """An agent without memory."""
        return cls(model, Profile(name), **options)

    @classmethod
    def generative(cls, model: Model, name: str, text: str = "", **options: Any) -> "LanguageAgent":
        """An agent with a generative memory that reflects at the end of every month."""
        return cls(model, Profile(name, text), Memory(), frozenset({"month"}), **options)

    async def act(self, view: View) -> Any:
        if self.memory is not None:
            await self.notice(view)
        answer = await self.asked(view, view.text, view.action, "act")
        if self.memory is not None and not isinstance(answer, NoAnswer):
            self.remember(view, f"I answered: {answer}", "action")
        return answer

    async def notice(self, view: View) -> None:
        """Remember the news, and reflect if one of them calls for it."""
        for event in view.news:
            self.remember(view, event.text, "chat" if event.kind == "utterance" else "event")
        if any(event.kind in self.reflect_on for event in view.news):
            text = render(__package__, "reflect")
            thoughts = await self.asked(view, text, Form(Thoughts), "reflect")
            if isinstance(thoughts, Thoughts):  # without thoughts the agent acts on what it saw
                for thought in (*thoughts.insights, thoughts.plan, thoughts.memorable):
                    if thought:
                        self.remember(view, thought, "thought", importance=8)

    def remember(self, view: View, text: str, kind: Any, importance: int = 5) -> None:
        assert self.memory is not None
        self.memory.add(Note(text, kind, view.turn, view.turn + self.lives, importance))

    async def asked(self, view: View, text: str, action: Action, purpose: str) -> Any:
        """What the model answers to `text`, with what is remembered above it."""
        notes = self.memory.recall(text, view.turn, self.recalled) if self.memory else []
        told = render(__package__, "act", notes=notes, text=text)
        before = (system(render(__package__, "profile", profile=self.profile)),) if self.profile.name else ()
        request = Request(
            (*before, user(told)), temperature=self.temperature, max_tokens=self.max_tokens, output=action,
            repeat=f"{view.seeds}/{purpose}",
        )  # fmt: skip
        return (await ask(self.model, request, self.tries, self.invalid)).value
