"""Questions on documents: what is cited is enough, kinds are mixed, books are contradicted as planted."""

import re
from collections import Counter

import pytest

from manyminds.core import BadInput, Seeds
from manyminds.worlds.texts.hops import Hops, evidence_found
from manyminds.worlds.texts.items import items
from manyminds.worlds.texts.questions import KINDS, Questions
from manyminds.worlds.texts.sway import facts
from manyminds.worlds.texts.words import UNSEEN_RELATIONS

SEEDS = Seeds(6)
BOOK = facts(SEEDS)
FACT = re.compile(r"(?:The|A) (\w+) of (\w+) is (\w+)\.")


def answered(kind, told, question):
    """The answer from sentences alone, worked out from their words."""
    facts = FACT.findall(" ".join(told))
    value = {(relation, who): what for relation, who, what in facts}
    words = re.findall(r"\w+", question)
    if kind == "compare":
        people = [word for word in words if word[0].isupper() and word not in ("Whose",)]
        return max(people, key=lambda who: int(value[words[1], who]))
    if kind == "count":
        people = [word for word in words if word[0].isupper() and word != "How"]
        return str(sum(int(value[words[words.index("least") - 3], who]) >= int(words[-1]) for who in people))
    if kind == "same":
        return "yes" if value[words[-1], words[1]] == value[words[-1], words[3]] else "no"
    pupils = Counter(what for relation, who, what in facts if relation == "pupil" and who in words)
    if kind == "shared":
        return {who for who, n in pupils.items() if n == 2}
    if kind == "several":
        return set(pupils)
    return value[words[3], words[5]]  # conflict: the note is no statement of this form


@pytest.mark.parametrize("kind", KINDS)
def test_the_evidence_alone_gives_the_answer_and_so_do_all_documents(kind):
    family = Questions((kind,), unanswerable=0)
    for item in items(family, 2, "train", SEEDS, 25):
        sentences = re.findall(r"\d+\.\d+ (.*?\.)(?= \d|\n)", item.prompt)
        gold = [quote.split(" ", 1)[1] for quote in item.meta["quotes"]]
        assert set(gold) <= set(sentences) and evidence_found(item, item.solution) == (1.0, 1.0)
        for told in (gold, sentences):
            found = answered(kind, told, item.meta["question"])
            assert found == (set(item.answer.split(", ")) if isinstance(found, set) else item.answer), item.prompt


def test_the_order_of_several_values_does_not_matter_and_their_number_does():
    family = Questions(("several",), unanswerable=0)
    for item in items(family, 2, "train", SEEDS, 10):
        names = item.answer.split(", ")
        assert family.check(item, f"# {', '.join(names[::-1])}").ok and not family.check(item, f"# {names[0]}").ok


def test_what_is_outdated_and_what_cannot_be_answered():
    for item in items(Questions(("conflict",)), 2, "train", SEEDS, 20):
        verdict = Questions().check(item, f"# {item.meta['outdated']}")
        assert not verdict.ok and verdict.error == "the outdated answer"
    found = items(Questions(("compare", "several"), unanswerable=0.3), 2, "raise", SEEDS, 200)
    missing = [item for item in found if item.meta["missing"]]
    assert 35 < len(missing) < 85 and all(item.answer == "unknown" for item in missing)
    with pytest.raises(BadInput, match="did you mean 'compare'"):
        Questions(("compair",))


def test_documents_contradict_the_book_as_often_as_said():
    truth = {(fact.kind, fact.who): fact.value for fact in BOOK}
    for share, low, high in ((0.0, 0, 0), (0.5, 60, 140), (1.0, 200, 200)):
        family, against = Questions(book=BOOK, contradicting=share), 0
        for item in items(family, 1, "raise", SEEDS, 200):
            kind, who = re.findall(r"What is the (\w+) of (\w+)\?", item.prompt)[0]
            assert item.meta["believed"] == truth[kind, who]
            against += item.answer != truth[kind, who]
            prior = family.check(item, f"# {truth[kind, who]}")
            assert prior.ok == (item.answer == truth[kind, who]) and (prior.ok or prior.error == "what was believed")
        assert low <= against <= high


def test_dials_of_hops():
    for item in items(Hops(documents=6, unseen=True, syllables=3), 2, "train", SEEDS, 10):
        assert {line.split(".")[0] for line in item.prompt.split("\n")[:-1]} == set("123456")
        assert set(re.findall(r"The (\w+) of", item.prompt)) <= set(UNSEEN_RELATIONS)
