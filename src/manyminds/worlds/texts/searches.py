"""Searches: a question on documents that are not shown, answered by a plan and `search(NAME, RELATION)` actions.

What a search gives is the one or two sentences that say most about both words (BM25, `retrieval.py`); the same search
again gives the next ones. A plan is the chains of relations that the question names, `for Ann: teacher, captain`; what
the exact solver does follows from it and from what is seen. A state is the searches made so far; every text gives
sentences or an error of a type: `form` (no search), `nothing` (no sentence, or no further one) or `limit`.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from manyminds.worlds.texts.items import Item, final
from manyminds.worlds.texts.retrieval import Index, words

SENTENCE = re.compile(r"\d+\.\d+ (.*?\.)(?= |\n|$)")
FACT = re.compile(r"(?:The|A) (\w+) of (\w+) is (\w+)\.")
SEARCH = re.compile(r"search\(\s*([^(),\n]{1,40}?)\s*,\s*([^(),\n]{1,40}?)\s*\)")
PAGE, LETTERS = 2, 66  # sentences that one search gives, and letters of all but the first: 40 tokens of the house model
LIMIT = 16  # searches that one text may make
MANY = ("pupil",)  # relations that one person may have several of
ERRORS = ("form", "nothing", "limit")

State = tuple[tuple[str, str], ...]  # (name, relation) of the searches made so far
Chains = Sequence[tuple[str, Sequence[str]]]  # (from whom, relations in the order in which they are looked up)


@lru_cache(maxsize=64)
def index_of(documents: str) -> Index:
    """The sentences of documents, without their numbers. How often a word stands in a sentence and how long that is
    hardly count (k and b), so one with both words of a search comes before all with one of them."""
    return Index(SENTENCE.findall(documents), k=0.01, b=0.0, positive=True)


def documents(item: Item) -> str:
    """What only a search can see: the prompt without the question."""
    return item.prompt.rpartition("\n")[0]


def searched(hidden: str, state: State, line: str) -> tuple[State, str]:
    """The state after one line and what it gives. A line that is no search changes nothing."""
    found = SEARCH.fullmatch(line.strip())
    if not found:
        return state, "form: write search(NAME, RELATION)"
    if len(state) >= LIMIT:
        return state, "limit: no more searches"
    key = (found[1].casefold(), found[2].casefold())
    after, seen = state.count(key), pages(hidden, " ".join(key))
    nothing = "nothing: that was all" if seen else "nothing: no sentence tells of it"
    return (*state, key), seen[after] if after < len(seen) else nothing


@lru_cache(maxsize=256)
def pages(hidden: str, query: str) -> list[str]:
    """All that a search may give, the best sentences first."""
    found: list[list[str]] = []
    for one in index_of(hidden).best(query, len(index_of(hidden).texts)):
        if found and len(found[-1]) < PAGE and len(" ".join([*found[-1], one])) <= LETTERS:
            found[-1].append(one)
        else:
            found.append([one])
    return [" ".join(one) for one in found]


def run(item: Item, lines: Sequence[str]) -> list[str]:
    """What each of some lines gives, from the beginning."""
    state, given, hidden = State(), list[str](), documents(item)
    for line in lines:
        state, said = searched(hidden, state, line)
        given.append(said)
    return given


def asked_of(question: str, facts: Sequence[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """The chains, of one relation each, that look up the (name, relation) facts of a question, in its order."""
    order = re.findall(r"\w+", question)
    return [(who, [relation]) for who, relation in sorted(dict.fromkeys(facts), key=lambda one: order.index(one[0]))]


def plan(item: Item) -> str:
    """The plan of the exact solver in words."""
    return "; ".join(f"for {who}: {', '.join(relations)}" for who, relations in item.meta["plan"])


def is_planned(item: Item, said: str) -> bool:
    """Does a plan name the chains of the question, in whatever order of the chains?"""

    def read(text: str) -> list[str]:
        parts = (" ".join(one.split()).strip(" .").casefold() for one in text[:1000].split(";"))
        return sorted(re.sub(r" ?([:,]) ?", r"\1", one.removeprefix("for ")) for one in parts)

    return read(said) == read(plan(item))


def solved(item: Item) -> list[tuple[str, str]]:
    """The exact solver: (search, what it gives) in turn, then (the answer, ""). It sees the question and what its
    searches give, searches again while a page holds nothing but sentences with both words and something may be left,
    and stops where a fact is missing."""
    hidden, state, turns = documents(item), State(), list[tuple[str, str]]()
    for who, relations in item.meta["plan"]:
        for relation in relations:
            found: list[str] = []
            exhausted = False
            while not exhausted and (not found or relation in MANY):
                line = f"search( {who}, {relation})"  # a name follows a blank, where it is one token
                state, seen = searched(hidden, state, line)
                turns.append((line, seen))
                found += [value for what, whom, value in FACT.findall(seen) if (what, whom) == (relation, who)]
                exhausted = not is_about(seen, who, relation)
            if not found:
                return [*turns, (final(item.answer), "")]
            who = found[0]
    return [*turns, (final(item.answer), "")]


def is_about(seen: str, who: str, relation: str) -> bool:
    """Is all that a search gave about both words? Then there may be more of it on the next page."""
    wanted = {who.casefold(), relation.casefold()}
    return all(wanted <= set(words(one)) for one in seen.rstrip(".").split(". "))


class Steps(NamedTuple):
    """How a text searches: shares in [0, 1]."""

    found: float  # sentences that the answer rests on, seen in what its searches gave
    failed: float  # lines other than the answer that gave an error


def step_metrics(item: Item, text: str) -> Steps:
    lines = [one.strip() for one in text[:20_000].split("\n") if one.strip() and not one.strip().startswith("#")][:40]
    given = run(item, lines)
    gold = [quote.split(" ", 1)[1] for quote in item.meta["quotes"]]
    seen = " ".join(one for one in given if one.partition(":")[0] not in ERRORS)
    failed = sum(one.partition(":")[0] in ERRORS for one in given)
    return Steps(sum(one in seen for one in gold) / len(gold) if gold else 1.0, failed / len(lines) if lines else 0.0)
