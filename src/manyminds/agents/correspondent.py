"""A language agent that keeps its thread: the rules once, then only what happened since it last answered.

For games in which the same model sits in the same seat for many turns. The world gives such a view in parts
(`Briefed`); minds without a thread read its whole `text`.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from manyminds.agents.language import Profile
from manyminds.core import NoAnswer, View, render
from manyminds.models.ask import ask
from manyminds.models.request import Message, Model, Request, system, user


@dataclass(frozen=True)
class Briefed(View):
    """A view whose text is also there in parts.

    `rules`: what holds for the whole game, as this seat may know it. `call`: what is asked now. What happened in
    between comes as news. `fresh`: whoever sits here now was not there before, so no thread goes on.
    """

    rules: str = ""
    call: str = ""
    fresh: bool = False


@dataclass
class Correspondent:
    """Answers briefed views in one conversation a game; a failed answer is asked for again `reasks` times.

    `invalid` counts what could not be used, by reason. A thread holds the answers that were accepted, not the failures.
    """

    model: Model
    profile: Profile = field(default_factory=lambda: Profile(""))
    temperature: float = 0.0
    max_tokens: int = 1024
    reasks: int = 3
    invalid: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)  # "first try", "asked again", "never"
    thread: tuple[Message, ...] = ()
    kind = "language"

    async def act(self, view: View) -> Any:
        if not isinstance(view, Briefed):
            view = Briefed(**{name: getattr(view, name) for name in view.__dataclass_fields__}, rules=view.text)
        if view.fresh or not self.thread:
            about = render(__package__, "profile", profile=self.profile) if self.profile.text else ""
            opening = f"{about}\n\n{view.rules}".strip()
            self.thread = (system(f"{opening}\n\n{view.action.instruction()}"),)
        happened = [event.text for event in view.news if event.text]
        asked = user("\n".join([*happened, view.call or "It is your turn."]))
        request = Request(
            (*self.thread, asked), temperature=self.temperature, max_tokens=self.max_tokens, output=view.action,
            repeat=f"{view.seeds}/act",
        )  # fmt: skip
        found = await ask(self.model, request, 1 + self.reasks, self.invalid)
        self.answered[manner(found.value, len(found.invalid))] += 1
        if not isinstance(found.value, NoAnswer):
            self.thread = (*self.thread, asked, Message("assistant", found.texts[-1]))
        return found.value


def manner(value: Any, failures: int) -> str:
    """How an answer came about."""
    if isinstance(value, NoAnswer):
        return "never"
    return "asked again" if failures else "first try"


def fresh(agent: Correspondent) -> Correspondent:
    """The same mind at the beginning of another game, with the same counters."""
    return replace(agent, thread=())
