"""Hops: questions over made-up documents, answered along a path of facts that must be cited.

Names are new in every item, so nothing can be known beforehand. Documents are numbered sentences `2.3 ...`; a worked
solution names the sentences it rests on, then the answer after `#`. One item in seven has no answer in its documents.
"""

import re
from dataclasses import dataclass
from random import Random

from manyminds.worlds.texts import searches
from manyminds.worlds.texts.items import Draft, Item, Verdict, final, last_marked
from manyminds.worlds.texts.words import RELATIONS, UNSEEN_RELATIONS, names_at

UNKNOWN = "unknown"
FILLER = ("It rained.", "The market was open.", "Nobody knows why.")
CITED = re.compile(r"(?m)^(\d+\.\d+)\b")


@dataclass(frozen=True)
class Hops:
    """Level h: a path of h relations. `documents` of three to five sentences; `conflict`: an old note contradicts the
    last fact, and is said to be outdated. Level 5 is out of distribution."""

    documents: int | None = None  # 2, 2, 3, 4, 5 by level unless said
    conflict: bool = False
    syllables: int | None = None  # of names; by default names of the pool at levels 1 and 2, two syllables above
    unanswerable: float = 0.15
    unseen: bool = False  # relations that no level in distribution uses
    name: str = "hops"
    levels: tuple[int, ...] = (1, 2, 3, 4, 5)

    def draft(self, rng: Random, level: int) -> Draft:
        known = UNSEEN_RELATIONS if self.unseen else RELATIONS
        documents = self.documents or max(2, level)
        names = names_at(rng, level, level + 6, self.syllables)
        path, asked = names[: level + 1], [rng.choice(known) for _ in range(level)]
        facts = {(path[i], asked[i]): path[i + 1] for i in range(level)}
        missing = rng.random() < self.unanswerable
        gap = rng.randrange(level) if missing else -1
        told = [fact for i, fact in enumerate(facts.items()) if i != gap]
        while len(told) < max(3 * documents, level + 2):
            # Distractors share relations with the path, but say nothing of what the path asks.
            key, value = (rng.choice(names), rng.choice([*asked, *rng.sample(known, 2)])), rng.choice(names)
            if key not in facts and key not in dict(told) and value != key[0]:
                told.append((key, value))
        rng.shuffle(told)
        places = {key: f"{i % documents + 1}.{i // documents + 1}" for i, (key, _) in enumerate(told)}
        said: list[list[str]] = [[] for _ in range(documents)]
        for (who, relation), whom in told:
            where = int(places[who, relation].partition(".")[0]) - 1
            said[where].append(f"{places[who, relation]} The {relation} of {who} is {whom}.")
        old = ""
        if self.conflict and not missing:
            old = rng.choice([name for name in names if name != path[-1]])
            said[0].append(f"1.0 An outdated note: the {asked[-1]} of {path[-2]} was {old}.")
        filler = [rng.choice(FILLER) for _ in said]
        texts = [" ".join([*lines, more] if level > 1 else lines) for lines, more in zip(said, filler)]
        question = f"Who is {''.join(f'the {relation} of ' for relation in reversed(asked))}{path[0]}?"
        cited = [places[key] for i, key in enumerate(facts) if i < gap or not missing]
        answer = UNKNOWN if missing else path[-1]
        steps = [f"{place} {who}: {relation}: {facts[who, relation]}" for place, (who, relation) in zip(cited, facts)]
        number = {name: i for i, name in enumerate(names)}
        form = [[number[who], relation, number[whom]] for (who, relation), whom in told] + [asked, bool(old)]
        return Draft(form, "\n".join([*texts, question]), "\n".join([*steps, final(answer)]), answer,
                     {"evidence": cited, "outdated": old, "question": question, "plan": [[path[0], asked]],
                      "quotes": [quoted(said, place) for place in cited]})  # fmt: skip

    def check(self, item: Item, text: str) -> Verdict:
        """The answer decides; `progress` is the recall of the evidence, `error` tells the outdated answer apart."""
        said, evidence = last_marked(text), item.meta["evidence"]
        recall = evidence_recall(item, text)
        if said is None:
            return Verdict(False, None, "no line begins with '#'", recall)
        ok = said.strip(" .").casefold() == item.answer.casefold()
        outdated = said.casefold() == item.meta["outdated"].casefold() != ""
        error = "" if ok else "the outdated answer" if outdated else "another answer"
        return Verdict(ok, said, error, 1.0 if ok and not evidence else recall)


def quoted(said: list[list[str]], place: str) -> str:
    """The sentence with a number, as it stands in the documents."""
    return next(line for lines in said for line in lines if line.startswith(f"{place} "))


def evidence_found(item: Item, text: str) -> tuple[float, float]:
    """(precision, recall) of the cited sentences; each 1 where there is nothing to cite or nothing cited wrongly."""
    cited, gold = set(CITED.findall(text[:100_000])), set(item.meta["evidence"])
    right = len(cited & gold)
    return (right / len(cited) if cited else 1.0), (right / len(gold) if gold else 1.0)


def evidence_recall(item: Item, text: str) -> float:
    """The share of the evidence that a text cites, or that its searches brought up."""
    cited = evidence_found(item, text)[1]
    return max(cited, searches.step_metrics(item, text).found) if "search(" in text[:20_000] else cited
