"""A small encyclopedia of made-up people, towns, companies and books, with the tools to read it and questions on it.

The tools answer like those of ReAct (arXiv 2210.03629): `Search` gives the first two sentences of a page, else five
similar titles; `Lookup` gives the next sentence of the last page that holds a word, with a counter. Some names belong
to two things and lead to a page that says so; some people who are named have no page of their own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from random import Random
from typing import Literal

from manyminds.worlds.texts.calculator import calculate
from manyminds.worlds.texts.words import THINGS, fresh_names

PEOPLE, TOWNS, COMPANIES, BOOKS = 120, 60, 60, 60  # 300 in all
JOBS = ("painter", "pilot", "doctor", "singer", "baker", "judge", "tailor", "gardener")
Kind = Literal["chain", "lookup", "compare", "sum"]
KINDS: tuple[Kind, ...] = ("chain", "lookup", "compare", "sum")


@dataclass(frozen=True)
class Question:
    """A question with its answer, and the tool calls that bring what must be known, in rounds: the calls of one round
    do not need each other's results."""

    text: str
    answer: str
    kind: Kind
    rounds: tuple[tuple[tuple[str, str], ...], ...]

    @property
    def calls(self) -> tuple[tuple[str, str], ...]:
        return tuple(call for one in self.rounds for call in one)


@dataclass(frozen=True)
class Wiki:
    """Pages by title, each a list of sentences; `facts` is what they were written from."""

    pages: Mapping[str, tuple[str, ...]]
    facts: dict[str, dict[str, str]] = field(default_factory=dict)

    def page(self, title: str) -> str | None:
        """The title of the page that is meant, case aside."""
        title = title.strip()
        if title in self.pages:
            return title
        known = {name.casefold(): name for name in self.pages}
        return known.get(title.casefold())


@dataclass(frozen=True)
class Desk:
    """Where a reader is: the last page, and what is being looked up in it."""

    wiki: Wiki
    title: str = ""
    word: str = ""
    found: int = 0

    def search(self, entity: str) -> "tuple[Desk, str]":
        """The first two sentences of a page, or five titles like the one that was asked for."""
        title = self.wiki.page(entity)
        if title is None:
            near = get_close_matches(entity.strip(), self.wiki.pages, n=5, cutoff=0.0)
            return self, f"Could not find {entity.strip()}. Similar: {', '.join(near)}."
        return Desk(self.wiki, title), " ".join(self.wiki.pages[title][:2])

    def lookup(self, word: str) -> "tuple[Desk, str]":
        """The next sentence of the last page that holds a word."""
        if not self.title:
            return self, "No page is open; search for one first."
        hits = [line for line in self.wiki.pages[self.title] if word.strip().casefold() in line.casefold()]
        at = self.found if word == self.word else 0
        if not word.strip() or at >= len(hits):
            return self, "No more results."
        return replace(self, word=word, found=at + 1), f"(Result {at + 1} / {len(hits)}) {hits[at]}"


TOOLS = {
    "Search": "the first sentences of the page on a person, town, company or book",
    "Lookup": "the next sentence of the page found last that holds a word",
    "Calculator": "the value of an expression of numbers, + - * / and brackets",
}


class Reader:
    """The tools for one run of an agent; it remembers the page that was found last, and counts the calls."""

    def __init__(self, wiki: Wiki) -> None:
        self.desk, self.calls = Desk(wiki), 0

    def __call__(self, tool: str, said: str) -> str:
        """What a tool answers; mistakes are answers too, for whoever called to read."""
        self.calls += 1
        if tool == "Search":
            self.desk, answer = self.desk.search(said)
        elif tool == "Lookup":
            self.desk, answer = self.desk.lookup(said)
        elif tool == "Calculator":
            answer = calculate(said)
        else:
            answer = f"There is no tool {tool!r}; there are {', '.join(TOOLS)}."
        return answer


def wiki(rng: Random) -> Wiki:
    """An encyclopedia of 300 things."""
    names = fresh_names(rng, PEOPLE + TOWNS + COMPANIES + BOOKS + 20, 3)
    people, rest = names[:PEOPLE], names[PEOPLE:]
    towns, companies, books, absent = rest[:TOWNS], rest[TOWNS:120], rest[120:180], rest[180:]
    shared = rng.sample(range(TOWNS), 6)
    for at in shared:  # a company that is called like a town
        companies[at] = towns[at]
    town_title = [f"{name} (town)" if at in shared else name for at, name in enumerate(towns)]
    company_title = [f"{name} (company)" if at in shared else name for at, name in enumerate(companies)]
    facts: dict[str, dict[str, str]] = {}
    pages: dict[str, tuple[str, ...]] = {}
    for at in shared:
        pages[towns[at]] = (f"{towns[at]} may mean {town_title[at]} or {company_title[at]}.",)
    for name in people:
        fact = {"kind": "person", "job": rng.choice(JOBS), "town": rng.choice(town_title),
                "born": str(rng.randint(1850, 1990)), "friend": rng.choice([*people, *absent])}  # fmt: skip
        facts[name], pages[name] = fact, (
            f"{name} is a {fact['job']} from {fact['town']}.", f"{name} was born in {fact['born']}.",
            f"A friend of {name} is {fact['friend']}.", "Not much else is known.")  # fmt: skip
    for title in town_title:
        fact = {"kind": "town", "river": rng.choice(absent), "people": str(rng.randint(200, 90_000)),
                "mayor": rng.choice(people), "thing": rng.choice(THINGS)}  # fmt: skip
        facts[title], pages[title] = fact, (
            f"{title} is a town on the river {fact['river']}.", f"It is known for its {fact['thing']}.",
            f"The mayor is {fact['mayor']}.", f"There are {fact['people']} people in it.")  # fmt: skip
    for title in company_title:
        fact = {"kind": "company", "town": rng.choice(town_title), "founder": rng.choice(people),
                "thing": rng.choice(THINGS), "workers": str(rng.randint(5, 9000))}  # fmt: skip
        facts[title], pages[title] = fact, (
            f"{title} is a company in {fact['town']} that makes {fact['thing']}.",
            f"It was founded by {fact['founder']}.", f"There are {fact['workers']} people at work there.")  # fmt: skip
    for title in books:
        fact = {"kind": "book", "author": rng.choice(people), "year": str(rng.randint(1900, 2020))}
        facts[title], pages[title] = fact, (
            f"{title} is a book by {fact['author']}.", f"It was printed in {fact['year']}.",
            "It is a long book.")  # fmt: skip
    return Wiki(pages, facts)


def question(of: Wiki, rng: Random, kind: Kind) -> Question:
    """A question that takes two tool calls or more."""

    def pick(what: str) -> str:
        return rng.choice([title for title, fact in of.facts.items() if fact["kind"] == what])

    if kind == "chain":
        asked, link, words = rng.choice((("company", "founder", "the founder of"), ("book", "author", "the author of"),
                                         ("town", "mayor", "the mayor of")))  # fmt: skip
        title = pick(asked)
        person = of.facts[title][link]
        first = (("Search", title),) if asked != "town" else (("Search", title), ("Lookup", "mayor"))
        rounds = (*((call,) for call in first), (("Search", person),))
        return Question(f"In which year was {words} {title} born?", of.facts[person]["born"], kind, rounds)
    if kind == "lookup":
        person = pick("person")
        town = of.facts[person]["town"]
        rounds = ((("Search", person),), (("Search", town),), (("Lookup", "people"),))
        return Question(
            f"How many people are in the town that {person} is from?", of.facts[town]["people"], kind, rounds
        )
    if kind == "compare":
        while True:
            a, b = pick("person"), pick("person")
            if of.facts[a]["born"] != of.facts[b]["born"]:
                break
        first_born = min(a, b, key=lambda name: int(of.facts[name]["born"]))
        return Question(f"Who was born first, {a} or {b}?", first_born, kind, ((("Search", a), ("Search", b)),))
    boxes, each, sold, more = rng.randint(3, 30), rng.randint(3, 30), rng.randint(1, 9), rng.randint(11, 99)
    thing = rng.choice(THINGS)
    text = f"A shop has {boxes} boxes of {each} {thing}. It sells {sold} {thing} and buys {more}. How many has it now?"
    sums = f"{boxes} * {each}", f"{more} - {sold}"
    total = boxes * each + more - sold
    together = f"{boxes * each} + {more - sold}".replace("+ -", "- ")
    return Question(
        text, str(total), kind, ((("Calculator", sums[0]), ("Calculator", sums[1])), (("Calculator", together),))
    )


def questions(of: Wiki, rng: Random, count: int, kinds: tuple[Kind, ...] = KINDS) -> list[Question]:
    """Different questions, the kinds in turn."""
    found: dict[str, Question] = {}
    while len(found) < count:
        made = question(of, rng, kinds[len(found) % len(kinds)])
        found.setdefault(made.text, made)
    return list(found.values())


def knowable(item: Question, observations: list[str]) -> bool:
    """Whether a reader who saw these observations could know the answer."""
    seen = " ".join(observations)
    if item.kind == "compare":
        return all(re.search(rf"{name} was born in", seen) for _, name in item.calls)
    return re.search(rf"(?<!\w){re.escape(item.answer)}(?!\w)", seen) is not None
