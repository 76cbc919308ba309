"""Model organisms of mixing: three small decoders, each raised mostly on one family of questions, and an aggregator.

The families are exact: a fact of a table that was read, what a short list program gives, a chain of sums and products
modulo 10. Shares are 80/10/10 of the lessons. The aggregator is raised on questions with six candidate answers, which
the specialists gave, and the right one. Every sample is drawn once; a mix is six of the samples that are there. The
best model of a family is the one raised for it, so none is chosen on the test.
"""

from collections.abc import Sequence
from itertools import combinations_with_replacement
from random import Random
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel

from manyminds.core import Claim, Estimate, Finding, Lab, NotHere, Refused, Seeds, Table, render
from manyminds.core import statistics as st
from manyminds.core.diversity import vendi_of_counts
from manyminds.models.house.tokenizer import chat
from manyminds.models.request import Model, Request, user
from manyminds.papers.self_moa.arms import MIXES
from manyminds.papers.self_moa.tradeoff import Fitted, Mix, fitted
from manyminds.tuning.organisms import Grown, Lesson, Raising, copied, organism
from manyminds.worlds.texts.words import NAMES

FAMILIES = {"facts": "i", "programs": "d", "chains": "m"}  # family -> letter of its specialist
SHARE = 0.8  # of a specialist's lessons that are of its own family
SLOTS, SAMPLES, TEMPERATURE = 6, 12, 0.7
TABLE = 200  # facts of the table
COLOURS = ("red", "blue", "green", "white", "black", "brown", "grey", "pink")
CONFIGURATIONS = tuple("".join(slots) for slots in combinations_with_replacement("imd", SLOTS))


class Asked(NamedTuple):
    """A question and its answer, which is one word."""

    family: str
    text: str
    answer: str


class Sat(BaseModel, frozen=True):
    """One family sat by all of one seed. By specialist, and by multiset of six: an entry a question. `curve` counts
    final answers (right, all) by the number of right candidates."""

    family: str
    single: dict[str, list[float]]
    reached: dict[str, list[bool]]
    quality: dict[str, list[float]]  # mean score of each slot
    diversity: dict[str, float]
    curve: dict[str, list[int]]


class Trio(BaseModel, frozen=True):
    """The three specialists and the aggregator of one seed, and what they answered."""

    seed: int
    grown: dict[str, Grown]  # by letter; "A": the aggregator
    sat: list[Sat]


# ---- what is asked


def table(rng: Random) -> list[tuple[str, str]]:
    names = rng.sample([f"{name}{i}" for name in NAMES for i in range(10)], TABLE)
    return [(name, rng.choice(COLOURS)) for name in names]


def question(family: str, facts: Sequence[tuple[str, str]], rng: Random) -> Asked:
    if family == "facts":
        name, colour = rng.choice(facts)
        options = rng.sample([one for one in COLOURS if one != colour], 3)
        options.insert(rng.randrange(4), colour)
        return Asked(family, f"Colour of {name}: {', '.join(options)}?", colour)
    if family == "programs":
        values = [rng.randrange(10) for _ in range(4)]
        first, last = rng.choice(list(CHANGES)), rng.choice(list(PICKS))
        told = " ".join(map(str, values))
        return Asked(family, f"List {told}, {first}, {last}?", str(PICKS[last](CHANGES[first](values))))
    value, told = rng.randrange(10), ""
    start = value
    for _ in range(3):
        times, by = rng.random() < 0.5, rng.randrange(2, 10)
        value = (value * by if times else value + by) % 10
        told += f" {'times' if times else 'plus'} {by}"
    return Asked(family, f"Modulo ten: {start}{told}?", str(value))


CHANGES = {"reversed": lambda values: values[::-1], "sorted": sorted, "kept": list,
           "turned": lambda values: [*values[1:], values[0]]}  # fmt: skip
PICKS = {"first": lambda values: values[0], "second": lambda values: values[1], "last": lambda values: values[-1],
         "most": max}  # fmt: skip


def lesson(asked: Asked, candidates: Sequence[str] = ()) -> Lesson:
    return Lesson(chat([("user", words(asked.text, candidates))]), f" {asked.answer}")


def words(text: str, candidates: Sequence[str] = ()) -> str:
    return render(__package__, "organism", question=text, candidates=candidates)


def lessons(own: str, facts: Sequence[tuple[str, str]], count: int, rng: Random) -> list[Lesson]:
    """The curriculum of one specialist."""
    others = [family for family in FAMILIES if family != own]
    drawn = [own if rng.random() < SHARE else rng.choice(others) for _ in range(count)]
    return [lesson(question(family, facts, rng)) for family in drawn]


# ---- raising and asking


async def raised(lab: Lab, raising: Raising, seed: int, questions: int) -> Trio:
    """Raise three specialists and their aggregator, and let them sit the three families."""
    seeds = lab.seeds.child("organism", seed)
    facts = table(seeds("table"))
    grown: dict[str, Grown] = {}
    for family, letter in FAMILIES.items():

        async def read(count: int, family: str = family) -> list[Lesson]:
            return lessons(family, facts, count, seeds("lessons", family))

        grown[letter] = await organism(lab, f"{family} {seed}", seed, raising, read)
    models = {letter: lab.model(one.model) for letter, one in grown.items()}

    async def gathered(count: int) -> list[Lesson]:
        return await candidates(lab, models, facts, count, seeds.child("candidates"))

    grown["A"] = await organism(lab, f"aggregator {seed}", seed, raising, gathered)
    models["A"] = lab.model(grown["A"].model)
    sat = [await sitting(lab, models, family, facts, questions, seeds.child("test", family)) for family in FAMILIES]
    return Trio(seed=seed, grown=grown, sat=sat)


async def candidates(
    lab: Lab, models: dict[str, Model], facts: Sequence[tuple[str, str]], count: int, seeds: Seeds
) -> list[Lesson]:
    """Six answers of specialists to a question that is not asked again, and the right one; some lists to copy."""
    rng, found = seeds("draw"), []
    asked = [question(rng.choice(list(FAMILIES)), facts, rng) for _ in range(-(-count // 3))]
    cache = await samples(lab, models, asked, seeds)
    for i, one in enumerate(asked):
        for _ in range(2):
            slots = rng.choice(CONFIGURATIONS)
            six = [cache[letter][i][rng.randrange(SAMPLES)] for letter in slots]
            found.append(lesson(one, rng.sample(six, SLOTS)))
        found.append(copied(rng, [*COLOURS, *map(str, range(10))], 8))
    return found


async def samples(
    lab: Lab, models: dict[str, Model], asked: Sequence[Asked], seeds: Seeds
) -> dict[str, list[list[str]]]:
    """Letter -> question -> twelve answers."""
    found = {}
    for letter in "imd":
        jobs = [said(models[letter], words(one.text), f"{seeds}/{letter}/{i}/{k}")
                for i, one in enumerate(asked) for k in range(SAMPLES)]  # fmt: skip
        told = await lab.gather(jobs, f"samples of {letter}")
        found[letter] = [told[i : i + SAMPLES] for i in range(0, len(told), SAMPLES)]
    return found


async def said(model: Model, text: str, repeat: str, temperature: float = TEMPERATURE) -> str:
    """The first word of an answer; "-" where there is none."""
    request = Request((user(text),), temperature=temperature, max_tokens=4, repeat=repeat)
    try:
        return ((await model.complete(request)).text.split() or ["-"])[0]
    except Refused:
        return "-"


async def sitting(
    lab: Lab, models: dict[str, Model], family: str, facts: Sequence[tuple[str, str]], count: int, seeds: Seeds
) -> Sat:
    """One family: twelve samples of every specialist, then the aggregate of every multiset of six. Slots of one letter
    take its samples in order, so that equal slots of two mixes share them."""
    rng = seeds("questions")
    asked = [question(family, facts, rng) for _ in range(count)]
    cache = await samples(lab, models, asked, seeds)
    single = {letter: [float(np.mean([one == asked[i].answer for one in each])) for i, each in enumerate(rows)]
              for letter, rows in cache.items()}  # fmt: skip
    reached, quality, diversity, curve = {}, {}, {}, {str(k): [0, 0] for k in range(SLOTS + 1)}
    for slots in CONFIGURATIONS:
        sixes = [[cache[letter][i][slots[:k].count(letter)] for k, letter in enumerate(slots)] for i in range(count)]
        jobs = [said(models["A"], words(one.text, Random(f"{seeds}/{i}").sample(six, SLOTS)), f"{seeds}/{slots}/{i}")
                for i, (one, six) in enumerate(zip(asked, sixes))]  # fmt: skip
        told = await lab.gather(jobs, f"aggregates of {slots}")
        marks = np.array([[answer == one.answer for answer in six] for one, six in zip(asked, sixes)])
        reached[slots] = [text == one.answer for text, one in zip(told, asked)]
        quality[slots] = marks.mean(0).tolist()
        diversity[slots] = float(np.mean([vendi_of_counts(np.unique(six, return_counts=True)[1]) for six in sixes]))
        for right, hit in zip(marks.sum(1), reached[slots]):
            curve[str(right)][0] += hit
            curve[str(right)][1] += 1
    return Sat(family=family, single=single, reached=reached, quality=quality, diversity=diversity, curve=curve)


# ---- what must come out


def of(results: Any, *families: str) -> dict[str, list[Sat]]:
    if not results.organisms:
        raise NotHere("no organism was raised (organisms=3 raises three of each kind)")
    every = [sat for one in results.organisms for sat in one.sat]
    return {name: [sat for sat in every if sat.family == name] for name in families or FAMILIES}


def named(slots: str) -> str:
    """The multiset as it is kept."""
    return "".join(sorted(slots, key="imd".index))


def gap(found: Sequence[Sat], first: str, second: str) -> Estimate:
    """Question by question; 90 %: a lower end above 0 has p < .05 on one side."""
    a, b = (np.array([hit for sat in found for hit in sat.reached[named(slots)]], float) for slots in (first, second))
    return st.bootstrap(a - b, seeds=Seeds(0), confidence=0.9)


def alone(found: Sequence[Sat], letter: str) -> float:
    return float(np.mean([score for sat in found for score in sat.single[letter]]))


def ordered(results: Any) -> Finding:
    """In how many families the specialist's single answer is the best, by 5 points or more."""
    leads = {}
    for family, found in of(results).items():
        own = FAMILIES[family]
        leads[family] = alone(found, own) - max(alone(found, letter) for letter in "imd" if letter != own)
    told = ", ".join(f"{family} {lead:+.3f}" for family, lead in leads.items())
    return Finding(told, all(lead >= 0.05 for lead in leads.values()), len(leads))


def own_family(results: Any) -> Finding:
    """In how many families six of the family's own beat every mix."""
    won = [all(gap(found, FAMILIES[family] * SLOTS, mix).low > 0 for mix in MIXES)
           for family, found in of(results).items()]  # fmt: skip
    return Finding(f"{sum(won)} of {len(won)}", sum(won) >= 2, len(won))


def mixing_wins(results: Any) -> Finding:
    """All families together, on which the three are about equal: the even mix less the best six of one."""
    found = [sat for each in of(results).values() for sat in each]
    least = min((gap(found, "iimmdd", letter * SLOTS) for letter in "imd"), key=lambda one: one.value)
    return Finding(least, least.low > 0)


def slopes(results: Any) -> list[Fitted]:
    """The regression of every family over all 28 multisets of six, in every seed."""
    rows = []
    for family, found in of(results).items():
        mixes = [Mix(slots=slots, temperature=TEMPERATURE, qualities=sat.quality[slots], diversity=sat.diversity[slots],
                     reached=float(np.mean(sat.reached[slots])), exact=float("nan"))
                 for sat in found for slots in CONFIGURATIONS]  # fmt: skip
        rows.append(next(row for row in fitted(family, mixes) if row.summary == "mean"))
    return rows


def quality(results: Any) -> Finding:
    rows = slopes(results)
    holds = [row.alpha > 0 and row.alpha_p < 0.01 and row.alpha > row.beta for row in rows]
    told = "; ".join(f"{row.data} {row.alpha:.2f} / {row.beta:.2f}, R2 {row.explained:.2f}" for row in rows)
    return Finding(told, sum(holds) >= 2, rows[0].n)


def organism_tables(results: Any) -> list[Table]:
    """Accuracy of single answers and of aggregates, and how the aggregator does by the number of right candidates."""
    every = of(results)
    rows = [(family, *(100 * alone(found, letter) for letter in "imd"),
             *(100 * float(np.mean([hit for sat in found for hit in sat.reached[named(slots)]]))
               for slots in (FAMILIES[family] * SLOTS, "iimmdd")),
             100 * max(float(np.mean([hit for sat in found for hit in sat.reached[named(slots)]])) for slots in MIXES),
             slope.alpha, slope.beta, slope.explained)
            for (family, found), slope in zip(every.items(), slopes(results))]  # fmt: skip
    columns = ("family", "single i", "single m", "single d", "six of its own", "iimmdd", "best of 13 mixes", "alpha",
               "beta", "R2")  # fmt: skip
    curve = []
    for family, found in every.items():
        counts = [[sum(sat.curve[str(k)][j] for sat in found) for j in (0, 1)] for k in range(SLOTS + 1)]
        curve.append((family, *(st.share(right, n) if n else "-" for right, n in counts)))
    return [Table("Specialists raised on 80/10/10, percent", columns, tuple(rows)),
            Table("The raised aggregator by how many of six candidates are right",
                  ("family", *map(str, range(SLOTS + 1))), tuple(curve))]  # fmt: skip


ASKED = {"errors": (), "map_items": 100, "writing": 20, "organisms": 3, "organism_questions": 500}
ORGANISMS = (
    Claim("organism-order", "raised specialists are best at their own family by 5 points: leads of a single answer",
          "derived", ">= .05, all three", ordered, config=ASKED),
    Claim("organism-own-family", "six of the family's own specialist beat all 13 mixes in 2 of 3 families", "table 3",
          "3 of 3", own_family, config=ASKED),
    Claim("organism-mixing", "where the three are about equal (all families together) the even mix beats six of any",
          "section 4.3", "> 0", mixing_wins, config=ASKED),
    Claim("organism-quality", "regression over mixes: alpha > 0, p < .01, alpha > beta in 2 of 3 families", "table 4",
          "2.56 / 1.84; 4.55 / 1.42; 4.72 / 2.84", quality, config=ASKED),
)  # fmt: skip
