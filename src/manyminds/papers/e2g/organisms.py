"""Small readers raised on the fact world, who believe something of everybody and are told otherwise in what they read.

What a text tells beside the facts that are asked for agrees with belief, so belief is learned by reading; of the facts
that are asked for, some contradict it. A word at the end says how to answer: at once, by the values found on the way,
by sentences copied word for word, or by both. The methods are the real ones with their real prompts: `Brief` puts these
into a few words for the organism, and what it writes back into sentences.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any

import msgspec
from pydantic import BaseModel

from manyminds.core import Claim, Finding, Lab, NotHere, Seeds, Table
from manyminds.core import statistics as st
from manyminds.models.house.tokenizer import chat
from manyminds.models.request import Completion, Model, Request, user
from manyminds.papers.e2g import cells
from manyminds.papers.e2g.cells import Cell
from manyminds.papers.e2g.measures import (
    COT,
    E2G,
    at_length,
    chosen,
    controls,
    gap,
    hits,
    many,
    overrides,
    path,
    prediction,
    routing,
)
from manyminds.tuning.organisms import Grown, Lesson, Raising, copied, organism
from manyminds.worlds.texts.fact_worlds import PUPIL, RELATIONS, FactWorld, Told

PEOPLE = 24
KINDS = {"path": 75, "several": 25}  # shares of the lessons
LENGTHS = (30, 60, 150, 300)  # tokens of the text as the methods have it; an organism reads three words a sentence
FAR = LENGTHS[2:]
MOST = 43  # sentences
AGAINST = 0.3  # share of the needed facts that lessons tell against belief
TAGS = ("direct", "steps", "short", "long")
SHARES = (15, 25, 45, 15)  # of the lessons
ASKED_WORDS = {*RELATIONS, PUPIL}
SENTENCE = re.compile(r"\b(?:The|A) ([a-z]+) of ([A-Z][a-z]+) is (\w+)\.")
EARLIER = re.compile(r"wrote this about it:\n(.*)\nAnswer: (.*)")
QUERY = re.compile(r"^(?:Who|What) .*\?$", re.MULTILINE)
ANSWER_TOKENS = 48
LEFT_OUT = ("E2G, adaptive", "E2G, strict")  # here the same as evidence and context, and as E2G

Triple = tuple[str, str, str]  # relation, who, value


class Reader(BaseModel, frozen=True):
    """One organism and what it read."""

    seed: int
    grown: Grown
    cells: list[Cell]


def triples(text: str) -> list[Triple]:
    """The facts that sentences tell, in their order."""
    return SENTENCE.findall(text)


def question(text: str) -> list[str]:
    """The words of a question that say what is asked, from the last to the first: whom to begin with comes first."""
    words = [word.strip("?,").replace("pupils", PUPIL) for word in text.split()[1:]]
    return [word for word in reversed(words) if word in ASKED_WORDS or word[:1].isupper()]


def asked(facts: Sequence[Triple], query: str, tag: str, earlier: str = "") -> str:
    """What an organism reads; every word has a blank before it, so that it is one token wherever it stands."""
    told = "".join(f" {word}" for fact in facts for word in fact)
    return f"{told}\n {' '.join(question(query))}{earlier and f' before {earlier}'} {tag}"


def gold(item: Told) -> list[Triple]:
    """The facts that the answer rests on, in the order in which the question leads to them."""
    needed = triples(" ".join(item.told[i] for i in sorted(item.gold)))
    if item.kind == "several":
        return needed
    who, *relations = question(item.question)
    found = []
    for relation in relations:
        found.append(next(fact for fact in needed if fact[:2] == (relation, who)))
        who = found[-1][2]
    return found


def replied(item: Told, tag: str) -> str:
    """The answer of a rule in the form of a tag."""
    facts = gold(item)
    steps = [value for *_, value in facts] if tag in ("steps", "long") else []
    quoted = ["by", *(word for fact in facts for word in fact)] if tag in ("short", "long") else []
    answer = [value for *_, value in facts] if item.kind == "several" else [item.answer]
    return "".join(f" {word}" for word in (*steps, *quoted, "so", *answer))


class Brief:
    """An organism behind the prompts of the methods."""

    def __init__(self, model: Model) -> None:
        self.model, self.name = model, model.name

    async def complete(self, request: Request) -> Completion:
        text = request.messages[-1].content
        quoting = '"answer"' in text
        tag = ("steps" if "step by step" in text else "direct") if not quoting else (
            "long" if "step by step" in text else "short")  # fmt: skip
        again = EARLIER.search(text)
        earlier = " ".join([again[1], "so", *again[2].split(", ")]) if again else ""
        brief = asked(triples(text), QUERY.findall(text)[-1], tag, earlier)
        said = await self.model.complete(
            Request((user(brief),), temperature=request.temperature, max_tokens=ANSWER_TOKENS, repeat=request.repeat)
        )
        return msgspec.structs.replace(said, text=spelled_out(said.text, quoting))


def spelled_out(said: str, quoting: bool) -> str:
    """What an organism wrote, in the form that the methods ask for."""
    before, _, after = f" {said} ".rpartition(" so ")
    answer = ", ".join(after.split())
    thought, _, quoted = before.partition(" by ")
    if not quoting:
        return f"{' '.join(thought.split())}\nAnswer: {answer}"
    words = quoted.split()
    sentences = [f"{'A' if relation == PUPIL else 'The'} {relation} of {who} is {value}."
                 for relation, who, value in zip(words[::3], words[1::3], words[2::3])]  # fmt: skip
    return json.dumps({"answer": answer, "evidence and explanation": " ".join(sentences)})


# ---- lessons


def lesson(world: FactWorld, rng: Random) -> Lesson:
    """A question in one of the forms: on a long or short text, on what it rests on, on both, or on nothing."""
    draw = rng.random()
    if draw < 0.1:
        return copied(rng, world.names, 16)
    if draw < 0.35:
        return told_again(world, rng)
    kind: Any = rng.choices(list(KINDS), list(KINDS.values()))[0]
    length = 7 * round(4 * (MOST / 4) ** rng.random())
    tag = rng.choices(TAGS, SHARES)[0]
    if draw < 0.42:  # what is believed
        item = replace(world, contradicting=0.0).item(rng, "path", 14, 1)
        return taught([], item, "direct")
    item = world.item(rng, kind, length, rng.randint(1, 2))
    facts = triples(item.context)
    if draw < 0.55:
        others = rng.sample(facts, rng.randint(0, 1))
        few = list(dict.fromkeys([*gold(item), *others]))
        return taught(rng.sample(few, len(few)) if rng.random() < 0.5 else few, item, tag)
    if draw < 0.6:
        return taught([*gold(item), *facts], item, tag)
    if draw < 0.65:  # thought before, right or as belief has it
        thought = replied(item, "steps").strip()
        if rng.random() < 0.5:
            thought = f"{rng.choice(world.names)} {item.wrong} so {item.wrong}"
        return taught(facts, item, "steps", thought)
    return taught(facts, item, tag)


def told_again(world: FactWorld, rng: Random, most: int = 10) -> Lesson:
    """Facts to tell again in another order: practice in looking up, once for each of them."""
    keys = rng.sample(sorted(world.beliefs), rng.randint(2, most))
    facts = [(fact.relation, fact.who, fact.value) for fact in (world.telling(rng, *key) for key in keys)]
    order = rng.sample(facts, len(facts))
    told, wanted, answer = (
        "".join(f" {word}" for fact in group for word in fact) for group in (facts, [fact[:2] for fact in order], order)
    )
    return Lesson(chat([("user", f"{told}\n{wanted} again")]), answer)


def taught(facts: Sequence[Triple], item: Told, tag: str, earlier: str = "") -> Lesson:
    return Lesson(chat([("user", asked(facts, item.question, tag, earlier))]), replied(item, tag))


async def lessons(world: FactWorld, count: int, seeds: Seeds) -> list[Lesson]:
    rng = seeds("lessons")
    return [lesson(replace(world, contradicting=AGAINST), rng) for _ in range(count)]


# ---- reading


async def raised(lab: Lab, raising: Raising, seed: int, items: int) -> Reader:
    """Raise one organism and let all methods read with it, `items` questions a kind and length."""
    seeds = lab.seeds.child("organism", seed)
    world = FactWorld.drawn(seeds, PEOPLE)
    grown = await organism(lab, f"reader {seed}", seed, raising, lambda count: lessons(world, count, seeds))
    model = Brief(lab.model(grown.model))
    arms = {name: arm for name, arm in cells.arms("marked", 0.0, ANSWER_TOKENS).items() if name not in LEFT_OUT}
    jobs = []
    for kind in KINDS:
        for length in LENGTHS:
            asked_of = [world.item(seeds("read", kind, length, i), kind, length) for i in range(items)]  # type: ignore[arg-type]
            told = (asked_of, length, model, "marked", f"{seeds}/{kind}")
            jobs += [cells.cell(name, arm, *told) for name, arm in arms.items()]
    return Reader(seed=seed, grown=grown, cells=await lab.gather(jobs, f"reader {seed}"))


# ---- what must come out


def of(results: Any) -> SimpleNamespace:
    """The cells of all organisms, as if they were the run's."""
    if not results.organisms:
        raise NotHere("no organism was raised (organisms=3 raises three)")
    return SimpleNamespace(cells=[cell for one in results.organisms for cell in one.cells])


def about(check: Callable[[Any], Finding]) -> Callable[[Any], Finding]:
    return lambda results: check(of(results))


def over_direct(results: Any) -> Finding:
    """Evidence in one step over an answer at once, in long texts that contradict belief."""
    found = gap(results, "CoE-Short", "direct", (), FAR)
    return Finding(found, found.low > 0)


def grows(results: Any) -> Finding:
    """The gain of E2G over chain of thought in the longest text less that in the shortest."""
    far, near = (gap(results, E2G, COT, ("path",), (length,)) for length in (LENGTHS[-1], LENGTHS[0]))
    return Finding(far.value - near.value, far.low > near.high, far.n)


def organism_table(results: Any) -> Table:
    rows = []
    for arm in dict.fromkeys(cell.arm for cell in results.organisms[0].cells):
        mine = [chosen(of(results), arm, (), (length,)) for length in LENGTHS]
        told = [flag for found in mine for cell in found for flag in cell.overridden]
        recall = [share for found in mine for cell in found for share in cell.recall]
        rows.append((arm, *(100 * hits(found).mean() for found in mine), st.share(sum(told), len(told)),
                     st.mean(recall) if recall else "-"))  # fmt: skip
    columns = ("arm", *(f"{length} tokens, %" for length in LENGTHS), "belief over text", "evidence recall")
    first = results.organisms[0]
    note = (f"{len(results.organisms)} organisms that each read {first.grown.tokens:,} tokens; "
            f"{len(first.cells[0].right)} questions a kind, length and organism")  # fmt: skip
    return Table("Model organisms reading a fact world", columns, tuple(rows), note)


MADE = "section 5; ours"
ROUTES = "table of routes"
ASKED = {"items": 10, "formula_items": 100, "organisms": 3, "organism_lessons": 9000,
         "organism_tokens": 1_000_000, "organism_items": 334}  # fmt: skip
CHECKS: tuple[tuple[str, str, str, str, Callable[..., Finding]], ...] = (
    ("direct", "150 and 300 tokens against belief: evidence in one step over answers at once", MADE, "> 0",
     over_direct),
    ("overrides", "150 tokens against belief: E2G overrides the text at most half as often as chain of thought", MADE,
     "<= .5", partial(overrides, length=FAR[0])),
    ("gain-150", "E2G over chain of thought at 150 tokens", MADE, "> 0", at_length(150)),
    ("gain-300", "E2G over chain of thought at 300 tokens", MADE, "> 0", at_length(300)),
    ("gain-30", "a text of 30 tokens: within 2 points of each other", MADE, "-.02 to .02", at_length(30, 0.02)),
    ("grows", "gain over chain of thought at 300 tokens less that at 30", MADE, "> 0", grows),
    ("prediction", "recall, and accuracy with and without gold sentences, predict E2G to 3 points", "derived",
     "<= .03", prediction),
    ("many", "several values: evidence and context over evidence alone", ROUTES, "> 0", partial(many, far=FAR)),
    ("path", "one value in a long text: evidence alone is no worse", ROUTES, ">= 0", partial(path, far=FAR)),
    ("routing", "the table of routes is nowhere worst and within a point of the best choice", ROUTES, ">= -.01",
     routing),
    ("controls", "as many calls of chain of thought do not reach it", "ours", "> 0", partial(controls, far=FAR)),
)  # fmt: skip
ORGANISMS = tuple(
    Claim(f"organism-{name}", f"{statement} (three organisms)", where, expected, about(check), config=ASKED)
    for name, statement, where, expected, check in CHECKS
)
