"""Searches: what is found is enough for the answer, errors have types, hidden documents stay hidden."""

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyminds.core import Seeds
from manyminds.models.house.tokenizer import Tokenizer
from manyminds.models.load import HOUSE
from manyminds.tuning.mixture import raised_levels
from manyminds.worlds.texts.formats import formats, segments
from manyminds.worlds.texts.hops import Hops
from manyminds.worlds.texts.items import items
from manyminds.worlds.texts.questions import KINDS, Questions
from manyminds.worlds.texts.searches import ERRORS, FACT, LIMIT, documents, is_planned, plan, run, searched, solved
from manyminds.worlds.texts.searches import step_metrics as steps_of
from manyminds.worlds.texts.sway import facts

SEEDS = Seeds(9)
DOCUMENTS = (
    "1.1 The guide of Ann is Bob. 1.2 The guide of Bob is Ann. 1.3 The guide of Cal is Ann. It rained.\n"
    "2.0 An outdated note: the guide of Ann was Dee. 2.1 The baker of Ann is Cal. Nobody knows why."
)
FAMILIES = [Hops(), Hops(conflict=True), Hops(documents=6, unseen=True, syllables=3), Questions(),
            Questions(book=facts(SEEDS))]  # fmt: skip


def followed(item, seen):
    """The answer along the path that a question names, from the sentences that were seen; a note is no fact."""
    known = {(who, relation): whom for relation, who, whom in FACT.findall(" ".join(seen))}
    *chain, start = re.findall(r"\w+", item.meta["question"].split(" is ")[-1])
    at = start
    for relation in reversed([word for word in chain if word not in ("the", "of")]):
        at = known.get((at, relation), "unknown")
    return at


def test_what_a_search_gives_by_hand():
    state, said = searched(DOCUMENTS, (), "search(Ann, guide)")
    assert said == "The guide of Ann is Bob. The guide of Bob is Ann." and state == (("ann", "guide"),)
    state, said = searched(DOCUMENTS, state, " search( ann,guide ) ")
    assert said == "The guide of Cal is Ann."  # a note is too long for the same page
    assert searched(DOCUMENTS, state, "search(Ann, guide)")[1] == "An outdated note: the guide of Ann was Dee."
    assert searched(DOCUMENTS, state, "search(Ann, baker)")[1].startswith("The baker of Ann is Cal.")
    assert searched(DOCUMENTS, (), "search(Zed, hobby)")[1] == "nothing: no sentence tells of it"
    for _ in range(4):
        state, said = searched(DOCUMENTS, state, "search(Ann, guide)")
    assert said == "nothing: that was all"
    for line in ("", "search", "search(Ann)", "search(Ann, guide, x)", "find(Ann, guide)", "Ann: guide", "search((,))"):
        assert searched(DOCUMENTS, state, line) == (state, "form: write search(NAME, RELATION)")
    full = (("ann", "guide"),) * LIMIT
    assert searched(DOCUMENTS, full, "search(Ann, guide)") == (full, "limit: no more searches")


@pytest.mark.parametrize("family", FAMILIES)
def test_the_solver_is_right_by_what_it_saw(family):
    """A mutant index with the idf that may be negative finds other sentences first, and the solver gives up."""
    for level in family.levels[:4]:
        for item in items(family, level, "train", SEEDS, 40):
            turns = solved(item)
            text = "\n".join(said for said, _ in turns)
            assert family.check(item, text).ok and steps_of(item, text).found == 1
            assert is_planned(item, plan(item)) and turns[-1] == (text.split("\n")[-1], "")
            seen = [said for _, said in turns if said and said.partition(":")[0] not in ERRORS]
            assert all(one in documents(item) or ". " in one for one in seen)
            if isinstance(family, Hops) or family.book:
                assert followed(item, seen) == item.answer


@pytest.mark.parametrize("kind", KINDS)
def test_questions_of_every_kind_are_answered_from_what_was_seen(kind):
    from tests.worlds.test_texts_questions import answered

    for level in (1, 2, 3, 4):
        for item in items(Questions((kind,), unanswerable=0), level, "train", SEEDS, 25):
            seen = {part.strip(): None for _, said in solved(item) for part in re.findall(r"[^.]+\.", said)}
            found = answered(kind, list(seen), item.meta["question"])
            assert found == (set(item.answer.split(", ")) if isinstance(found, set) else item.answer)


def test_what_cannot_be_answered_is_searched_and_found_missing():
    missing = [item for item in items(Hops(unanswerable=1), 2, "train", SEEDS, 60)]
    missing += [one for one in items(Questions(("compare", "several"), unanswerable=1), 2, "train", SEEDS, 60)]
    for item in missing:
        turns = solved(item)
        assert turns[-1][0] == "# unknown" and len(turns) >= 2
        who, relation = re.fullmatch(r"search\( (\w+), (\w+)\)", turns[-2][0]).groups()
        assert f"{relation} of {who} is" not in documents(item)


def test_plans_name_the_chains_of_the_question():
    item = items(Hops(unanswerable=0), 3, "train", SEEDS, 1)[0]
    (start, chain), = item.meta["plan"]  # fmt: skip
    assert plan(item) == f"for {start}: {', '.join(chain)}"
    assert is_planned(item, f" {start.upper()}:{chain[0]} ,{chain[1]}, {chain[2]}.")
    for wrong in ("", start, f"{start}: {', '.join(chain[::-1])}", plan(item)[:-9]):
        assert not is_planned(item, wrong)
    item = items(Questions(("same",)), 2, "train", SEEDS, 1)[0]
    first, second = plan(item).split("; ")
    assert is_planned(item, f"{second}; {first}") and not is_planned(item, f"{first}; {first}")


def test_errors_and_guesses_are_told_apart():
    """Progress is what was found: a guess has none, half of a chain has half, an error costs nothing but its line."""
    family = Hops(unanswerable=0)
    for item in items(family, 2, "train", SEEDS, 20):
        first, *rest = [said for said, _ in solved(item)]
        half = family.check(item, f"{first}\n# nobody")
        assert not half.ok and half.progress >= 0.5 and family.check(item, "# nobody").progress == 0
        assert family.check(item, "\n".join(["oh", first, *rest])).ok
        assert steps_of(item, f"oh\n{first}\n# x").failed == 0.5 and steps_of(item, "").failed == 0
        assert family.check(item, "\n".join([first, *rest[:-1]])).error == "no line begins with '#'"


@pytest.mark.parametrize("family", [Hops(), Questions()])
def test_the_documents_are_not_shown_and_all_fits(family):
    """The prompt is the question alone, what is observed has at most 40 tokens, an item is short in every format."""
    tokenizer = Tokenizer.load(HOUSE)
    for level in raised_levels(family):
        for item in items(family, level, "raise", SEEDS, 40):
            parts = segments(item, "search")
            assert parts[0][0] == f"<u>{item.meta['question']}<p>" and "search" in formats(family.name)
            assert all(len(tokenizer.encode(text)) <= 44 for text, kind in parts if kind == "observation")  # with marks
            assert len(tokenizer.encode("".join(text for text, _ in parts))) < 300


@given(st.lists(st.text(max_size=40), max_size=6))
@settings(max_examples=200)
def test_searches_take_any_text(lines):
    item = items(Hops(), 2, "train", SEEDS, 1)[0]
    assert len(run(item, lines)) == len(lines) and all(run(item, lines))
    assert 0 <= Hops().check(item, "\n".join(lines)).progress <= 1 and not is_planned(item, "\n".join(lines))


def test_searches_take_pieces_of_searches():
    rng, item = Random(0), items(Questions(), 2, "train", SEEDS, 1)[0]
    pieces = ["search", "(", ")", ",", "Ann", "pupil", " ", "#", "\n", "²", "\0", "<end>", item.meta["question"]]
    for _ in range(2000):
        text = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 14)))
        steps = steps_of(item, text)
        assert 0 <= steps.found <= 1 and 0 <= steps.failed <= 1
        for line in text.split("\n"):
            assert searched(documents(item), (), line)[1]
