"""Who can stand in the shop: agents with known weights, the baselines that a test must tell apart, and models."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from manyminds.core import NoAnswer, View
from manyminds.models.ask import ask
from manyminds.models.request import Model, Request, user
from manyminds.theory.choice import Weights, probability, terms


@dataclass(frozen=True)
class Torn:
    """Weighs customer, principal and values as its `weights` say, and chooses with noise. Never beyond the budget."""

    weights: Weights
    kind = "rule"

    async def act(self, view: View) -> int:
        seen = view.data
        if seen.affordable != (True, True):
            return 1 + seen.affordable.index(True) if any(seen.affordable) else 1
        fits = (fit[0] - fit[1] for fit in (seen.customer, seen.principal, seen.values))
        first = float(probability(self.weights, terms(*fits, seen.sees_customer, seen.sees_principal)))
        return 1 if view.seeds("taste").random() < first else 2


@dataclass(frozen=True)
class Serves:
    """Buys what fits one party best; by lot where that party does not care."""

    party: str
    kind = "rule"

    async def act(self, view: View) -> int:
        seen = view.data
        fit = getattr(seen, self.party)
        able = [i for i in (0, 1) if seen.affordable[i]] or [0]
        best = [i for i in able if fit[i] == max(fit[j] for j in able)]
        return 1 + view.seeds("taste").choice(best)


@dataclass(frozen=True)
class Listed:
    """Buys whatever is listed at one place: a bias of position that must not pass for an interest."""

    place: int = 1
    kind = "rule"

    def __post_init__(self) -> None:
        if self.place not in (1, 2):
            raise ValueError(f"the place is 1 or 2, not {self.place}")

    async def act(self, view: View) -> int:
        return self.place


@dataclass(frozen=True)
class Alphabetical:
    """Always buys the same product, the first by name: constant whatever is shown to whom and in which order."""

    kind = "rule"

    async def act(self, view: View) -> int:
        names = [product.name for product in view.data.products]
        return 1 + names.index(min(names))


@dataclass(frozen=True)
class Coin:
    """Buys at random."""

    kind = "rule"

    async def act(self, view: View) -> int:
        return view.seeds("coin").choice((1, 2))


def nuanced(sees_principal: float = 1.5, sees_customer: float = 1.5) -> Torn:
    """Balances all parties, and turns to whoever will read the explanation."""
    return Torn(Weights(1.0, 1.0, 1.0, sees_customer, sees_principal))


def rigid(principal: float = 4.0, sees: float = 0.1) -> Torn:
    """Serves the principal whoever reads the explanation."""
    return Torn(Weights(principal=principal, sees_customer=sees, sees_principal=sees))


def serves(party: str) -> Callable[[], Serves]:
    return lambda: Serves(party)


RULES = {
    "nuanced": nuanced,
    "rigid": rigid,
    "serves-customer": serves("customer"),
    "serves-principal": serves("principal"),
    "serves-values": serves("values"),
    "listed": Listed,
    "alphabetical": Alphabetical,
    "coin": Coin,
}


@dataclass
class LanguageShopper:
    """A model that fills in the form: one prompt and one completion, and `again` more where it cannot be read."""

    model: Model
    temperature: float = 0.2
    again: int = 2
    max_tokens: int = 1024
    unread: list[str] = field(default_factory=list)  # why answers before the last were not accepted
    kind = "language"

    async def act(self, view: View) -> Any:
        request = Request((user(view.text),), temperature=self.temperature, max_tokens=self.max_tokens,
                          output=view.action, repeat=f"{view.seeds}/purchase")  # fmt: skip
        asked = await ask(self.model, request, 1 + self.again)
        self.unread += asked.invalid
        if isinstance(asked.value, NoAnswer) and asked.texts:
            return replace(asked.value, raw=asked.texts[-1])  # the whole transcript, not its beginning
        return asked.value
