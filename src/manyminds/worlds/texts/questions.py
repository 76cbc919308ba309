"""Questions on documents other than a path: compare, count, same or not, what two share, several values, and sources
that disagree.

The documents are those of a small fact world (`fact_worlds.py`) with numbered sentences; a worked solution names the
sentences it rests on, then the answer after `#`. `book`: the documents contradict what a model was raised to believe.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from manyminds.core import Seeds, unknown
from manyminds.worlds.texts.fact_worlds import NUMBERS, PERSONS, RELATIONS, Fact, FactWorld, Told, right, value
from manyminds.worlds.texts.hops import UNKNOWN, evidence_recall
from manyminds.worlds.texts.items import Draft, Item, Verdict, final, last_marked
from manyminds.worlds.texts.searches import FACT, asked_of
from manyminds.worlds.texts.sway import Fact as BookFact
from manyminds.worlds.texts.words import names_at

KINDS = ("compare", "count", "same", "several", "shared", "conflict")
SENTENCES = {1: 6, 2: 9, 3: 14, 4: 24, 5: 48}  # level: of all documents
A_DOCUMENT = 6  # sentences of one


@dataclass(frozen=True)
class Questions:
    """A mixture of `kinds`; levels have 6, 9, 14, 24 and 48 sentences, the last out of distribution. With a `book`
    every question is about one of its facts, and a share `contradicting` of the documents tells another value."""

    kinds: tuple[str, ...] = KINDS
    unanswerable: float = 0.1
    book: tuple[BookFact, ...] = ()
    contradicting: float = 0.5
    levels: tuple[int, ...] = tuple(SENTENCES)

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in KINDS:
                raise unknown("kind of question", kind, KINDS)

    @property
    def name(self) -> str:
        return "hops-book" if self.book else "hops-questions"

    def draft(self, rng: Random, level: int) -> Draft:
        kind = "path" if self.book else rng.choice(self.kinds)
        world = self.world(rng, level)
        told = MORE[kind](world, rng) if kind in MORE else world.item(rng, kind, 7 * SENTENCES[level], 1)
        if kind in MORE:
            told = filled(world, rng, told, SENTENCES[level])
        gold = [told.told[i] for i in sorted(told.gold)]
        missing = not self.book and kind in ("compare", "several") and rng.random() < self.unanswerable
        sentences = [line for i, line in enumerate(told.told) if not (missing and i in told.gold)]
        places = [f"{i // A_DOCUMENT + 1}.{i % A_DOCUMENT + 1}" for i in range(len(sentences))]
        numbered = [f"{place} {line}" for place, line in zip(places, sentences)]
        documents = [" ".join(numbered[i : i + A_DOCUMENT]) for i in range(0, len(numbered), A_DOCUMENT)]
        evidence = [] if missing else [places[i] for i in sorted(told.gold)]
        quotes = [] if missing else [numbered[i] for i in sorted(told.gold)]
        answer = UNKNOWN if missing else told.answer
        meta: dict[str, Any] = {
            "evidence": evidence, "quotes": quotes, "question": told.question, "kind": kind, "missing": missing,
            "believed": told.believed, "outdated": told.wrong if kind == "conflict" else "",
            "plan": asked_of(told.question, [(who, what) for what, who, _ in FACT.findall(" ".join(gold))]),
        }  # fmt: skip
        steps = [
            f"{place} {told.told[i].split(' ', 1)[1].rstrip('.')}" for place, i in zip(evidence, sorted(told.gold))
        ]
        number = {name: str(i) for i, name in enumerate(world.names)}
        form = [[number.get(word.strip(".,?'"), word) for word in line.split()] for line in (*sentences, told.question)]
        solution = "\n".join([*steps, final(answer)])
        prompt = "\n".join([*documents, told.question])
        # What is asked of the book belongs to the split of the fact.
        index = next((i for i, fact in enumerate(self.book) if told.question.endswith(f"{fact.who}?")), None)
        return Draft(form, prompt, solution, answer, meta, ["sway", index] if self.book else None)

    def world(self, rng: Random, level: int) -> FactWorld:
        names = tuple(names_at(rng, level, 8 + SENTENCES[level] // 4))
        beliefs = {(who, relation): value(rng, relation, names) for who in names for relation in RELATIONS}
        if not self.book:
            return FactWorld(names, beliefs, 0.0)
        # A page of the book: the fact that is asked for among a few others.
        page = [fact for fact in rng.sample(self.book, 40) if fact.kind in RELATIONS][:8]
        world = FactWorld.of_book(page, Seeds(rng.getrandbits(32)))
        return FactWorld(world.names, world.beliefs, self.contradicting, world.questions)

    def check(self, item: Item, text: str) -> Verdict:
        """The answer decides (of several values the order does not); `progress` is the recall of the evidence."""
        said, recall = last_marked(text), evidence_recall(item, text)
        if said is None:
            return Verdict(False, None, "no line begins with '#'", recall)
        kind = "several" if item.meta["kind"] in ("several", "shared") and not item.meta["missing"] else "path"
        told = Told(kind, "", "", (), frozenset(), item.answer, "", "")  # type: ignore[arg-type]
        ok = right(told, said)
        prior = not ok and said.casefold() == str(item.meta["believed"]).casefold()
        outdated = not ok and said.casefold() == item.meta["outdated"].casefold() != ""
        error = "" if ok else "the outdated answer" if outdated else "what was believed" if prior else "another answer"
        return Verdict(ok, said, error, 1.0 if ok and not item.meta["evidence"] else recall)


def shared(world: FactWorld, rng: Random) -> Told:
    """Who is named by both: an intersection of two short lists of pupils, of one or two names."""
    a, b, *rest = rng.sample(world.names, 7)
    both, mine, theirs = rest[: rng.randint(1, 2)], rest[2:3], rest[3:4]
    facts = [Fact(who, "pupil", one) for who, some in ((a, both + mine), (b, both + theirs)) for one in some]
    return _told("several", facts, f"Who are pupils of both {a} and {b}?", ", ".join(both), mine[0])


def conflict(world: FactWorld, rng: Random) -> Told:
    """Two sources disagree, and one says of itself that it is outdated."""
    who, relation = rng.choice(world.names), rng.choice(PERSONS)
    new, old = rng.sample([name for name in world.names if name != who], 2)
    fact, note = Fact(who, relation, new), f"An outdated note: the {relation} of {who} was {old}."
    told = _told("path", [fact], f"Who is the {relation} of {who}?", new, old)
    return replace(told, told=(*told.told, note))


MORE = {"shared": shared, "conflict": conflict}


def _told(kind: str, facts: list[Fact], question: str, answer: str, wrong: str) -> Told:
    lines = tuple(fact.sentence for fact in facts)
    return Told(kind, question, "", lines, frozenset(range(len(lines))), answer, answer, wrong)  # type: ignore[arg-type]


def filled(world: FactWorld, rng: Random, told: Told, count: int) -> Told:
    """The sentences of `told` among others of the world, which say nothing of what is asked."""
    lines = list(told.told)
    while len(lines) < count:
        who, relation = rng.choice(world.names), rng.choice((*PERSONS, *NUMBERS))
        line = Fact(who, relation, world.beliefs[who, relation]).sentence
        if line not in lines and f"{relation} of {who} " not in " ".join(told.told):
            lines.append(line)
    gold = {lines[i] for i in told.gold}
    rng.shuffle(lines)
    places = frozenset(i for i, line in enumerate(lines) if line in gold)
    return replace(told, told=tuple(lines), gold=places)
