"""The two halves of every experiment: a world, which is pure rules, and an agent, which is anything that answers."""

from random import Random
from typing import Any, Protocol

from manyminds.core.views import Event, View


class World(Protocol):
    """Pure rules. A world holds parameters, never progress: state in, state out."""

    def reset(self, rng: Random) -> Any:
        """The first state."""

    def observe(self, state: Any) -> dict[str, View]:
        """Who must act now, and what each of them sees. Empty when the world has ended."""

    def step(self, state: Any, answers: dict[str, Any], rng: Random) -> tuple[Any, list[Event]]:
        """The next state and what happened. Each answer is a legal action or a `NoAnswer`."""

    def outcome(self, state: Any) -> Any:
        """What is measured of a state, final or not."""


class Agent(Protocol):
    """Anything that answers what it sees: a rule, a learned policy, a language model or a person."""

    async def act(self, view: View) -> Any:
        """A legal action, or `NoAnswer` with the reason."""


def kind_of(agent: Agent) -> str:
    """`rule`, `policy`, `language` or `person`: what an agent declares itself to be."""
    return str(getattr(agent, "kind", "rule"))
