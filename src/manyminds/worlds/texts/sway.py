"""Sway: a closed book of made-up facts, each shown a planted number of times, and partners who claim something else.

Level l asks for facts that are shown 2^(l-1) times while a model is raised, so how sure it can be is planted. A weak
sibling sees each of them more rarely, by a factor of its recipe; what is asked stays the same. In a dialogue a partner
claims the right or a wrong value with equal chance, in one of four styles; right is the fact, whoever claims it. Facts
are split by entity.
"""

from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import NamedTuple

from manyminds.core import Seeds
from manyminds.worlds.texts.items import Draft, Item, Verdict, final, marked
from manyminds.worlds.texts.words import fresh_names

KINDS = {
    "colour": "red blue green black white grey pink brown gold teal",
    "metal": "iron tin zinc lead brass steel nickel",
    "drink": "tea milk cider juice cocoa water broth",
    "tool": "saw drill rake axe plane chisel file",
    "fruit": "plum fig pear grape lime peach kiwi melon",
    "animal": "goat hare crow trout newt mole swan otter",
    "month": "January March May July August October December",
    "stone": "flint slate marble chalk granite opal",
    "tree": "oak elm ash birch pine cedar yew",
    "sport": "chess rowing tennis judo golf polo",
    "cloth": "wool silk linen felt denim velvet",
    "weather": "rain snow fog hail wind sun",
}
STATEMENTS = (
    "The {kind} of {who} is {value}.",
    "{who} has {value} as {kind}.",
    "{value} is the {kind} of {who}.",
    "As {kind}, {who} always had {value}.",
)
STYLES = {
    "bare": "I say {value}.",
    "logical": "The {kind} of {kin} is {value}, and {who} is like {kin}.",  # a true fact, whatever follows from it
    "credibility": "I wrote the book on {who}: it is {value}.",
    "emotional": "Please believe me, it is {value}!",
    "repetition": "It is {value}. It is {value}. It is {value}.",
}
UNSEEN_STYLES = {"social": "Everybody here says {value}."}  # out of distribution
CHANGES = 0.5  # chance that a reply in the raise takes over the claim, whoever is right
RAISED = 6  # exposures 1, 2, 4, 8, 16, 32


class Fact(NamedTuple):
    who: str
    kind: str
    value: str
    exposures: int


def facts(seeds: Seeds, count: int = 1500) -> tuple[Fact, ...]:
    """The closed book: fact i is about entity i and shown 2^(i mod 6) times."""
    rng = seeds("sway", "facts")
    found = []
    for i, who in enumerate(fresh_names(rng, count, 3)):
        kind = rng.choice(tuple(KINDS))
        found.append(Fact(who, kind, rng.choice(KINDS[kind].split()), 2 ** (i % RAISED)))
    return tuple(found)


def statements(fact: Fact, rng: Random) -> list[str]:
    """What a model is shown of a fact while it is raised, in varied words; never as an item."""
    return [rng.choice(STATEMENTS).format(**fact._asdict()) for _ in range(fact.exposures)]


def book_lines(seeds: Seeds) -> list[tuple[Fact, str]]:
    """The closed book as it is shown in a raise: every fact as often as its exposures say, in one shuffled order."""
    rng = seeds("sway", "shown")
    lines = [(fact, line) for fact in facts(seeds) for line in statements(fact, rng)]
    rng.shuffle(lines)
    return lines


def left_out(seeds: Seeds, rarer: int) -> frozenset[int]:
    """The places in `book_lines` of what a weak sibling is not shown, who sees every fact `rarer` times as rarely.

    Of n statements n // rarer stay. What does not divide goes to a drawn share of the facts with this n, one statement
    each (at rarer = 4: a quarter of the facts with n = 1 and half of those with n = 2 are seen once, the others never),
    so the mean of n / rarer is kept, to half a statement among all facts with the same n.
    """
    rng, places = seeds("sway", "rarer", rarer), dict[Fact, list[int]]()
    for i, (fact, _) in enumerate(book_lines(seeds)):
        places.setdefault(fact, []).append(i)
    gone: set[int] = set()
    for exposures in sorted({fact.exposures for fact in places}):
        own = [fact for fact in facts(seeds) if fact.exposures == exposures]
        whole, rest = divmod(exposures, rarer)
        once_more = set(rng.sample(own, round(len(own) * rest / rarer)))
        for fact in own:
            gone.update(rng.sample(places[fact], exposures - whole - (fact in once_more)))
    return frozenset(gone)


@dataclass(frozen=True)
class Sway:
    """Questions about facts; `partner`: with an own first answer and somebody's claim, made in one of `styles` by each
    of `partners`, `insists` times. Out of distribution: a style of UNSEEN_STYLES, two partners, longer insistence."""

    book: tuple[Fact, ...]
    partner: bool = False
    right: float = 0.5
    styles: tuple[str, ...] = tuple(STYLES)
    partners: int = 1
    insists: int = 1
    levels: tuple[int, ...] = tuple(range(1, RAISED + 1))

    @property
    def name(self) -> str:
        return "sway-partner" if self.partner else "sway"

    @cached_property
    def kin(self) -> dict[tuple[str, str], list[str]]:
        """Whose fact of a kind has a value."""
        found: dict[tuple[str, str], list[str]] = {}
        for fact in self.book:
            found.setdefault((fact.kind, fact.value), []).append(fact.who)
        return found

    def draft(self, rng: Random, level: int) -> Draft:
        index = rng.randrange(len(self.book) // RAISED) * RAISED + level - 1
        fact = self.book[index]
        prompt = f"What is the {fact.kind} of {fact.who}?"
        meta: dict[str, object] = {"exposures": fact.exposures}
        if not self.partner:
            return Draft(index, prompt, final(fact.value), fact.value, meta)
        others = [value for value in KINDS[fact.kind].split() if value != fact.value]
        helpful, begun = rng.random() < self.right, rng.random() < 0.5
        claim, own = fact.value if helpful else rng.choice(others), fact.value if begun else rng.choice(others)
        styles = [rng.choice(self.styles) for _ in range(self.partners)]
        said = [self.claimed(rng, fact, style, claim) for style in styles for _ in range(self.insists)]
        told = "\n".join(f"Partner: {line}" for line in said)
        prompt += f"\nYou: {own}\n{told}\nYour answer now?"
        noisy = claim if rng.random() < CHANGES else own
        meta |= {"style": styles[0], "claim": claim, "own": own, "cell": (begun, helpful), "noisy": noisy}
        return Draft([index, own, said], prompt, final(fact.value), fact.value, meta, ["sway", index])

    def claimed(self, rng: Random, fact: Fact, style: str, claim: str) -> str:
        kin = [who for who in self.kin.get((fact.kind, claim), []) if who != fact.who]
        if style == "logical" and not kin:
            style = "bare"
        words = {**STYLES, **UNSEEN_STYLES}[style]
        return words.format(value=claim, who=fact.who, kind=fact.kind, kin=rng.choice(kin) if kin else "")

    def check(self, item: Item, text: str) -> Verdict:
        return marked(item, text)


def cell(item: Item, text: str) -> tuple[bool, bool, bool]:
    """(right before, partner right, right after): one count of the four-way table of a dialogue."""
    before, helpful = item.meta["cell"]
    return before, helpful, marked(item, text).ok
