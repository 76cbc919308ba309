"""The small encyclopedia and its tools: every question can be answered with its calls, and none without them."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyminds.worlds.texts.calculator import calculate
from manyminds.worlds.texts.live_wiki import LivePages
from manyminds.worlds.texts.mini_wiki import KINDS, Desk, Reader, Wiki, knowable, questions, wiki

WORLD = wiki(Random(0))


def test_it_has_three_hundred_things_some_that_share_a_name_and_people_without_a_page():
    assert len(WORLD.facts) == 300 and len(WORLD.pages) == 306
    shared = [title for title, lines in WORLD.pages.items() if "may mean" in lines[0]]
    assert len(shared) == 6 and all(f"{title} (town)" in WORLD.pages for title in shared)
    assert any(fact.get("friend") not in WORLD.pages for fact in WORLD.facts.values() if "friend" in fact)
    assert wiki(Random(0)) == WORLD != wiki(Random(1))


def test_the_calls_of_a_question_bring_its_answer_and_fewer_do_not():
    for item in questions(WORLD, Random(1), 200):
        reader = Reader(WORLD)
        seen = [reader(*call) for call in item.calls]
        assert knowable(item, seen), (item, seen)
        if item.kind != "chain":  # a year may stand on another page by chance
            assert not knowable(item, seen[:-1])
    assert {item.kind for item in questions(WORLD, Random(1), 8)} == set(KINDS)


def test_search_gives_two_sentences_or_five_titles():
    desk = Desk(Wiki({"Ann Lee": ("One.", "Two.", "Three."), **{f"Ann {n}": ("x.",) for n in range(9)}}))
    assert desk.search("ann lee ")[1] == "One. Two."
    there, said = desk.search("Anna")
    assert there == desk and said.startswith("Could not find Anna. Similar: ") and said.count(",") == 4


def test_lookup_counts_through_the_last_page_and_starts_anew_with_another_word():
    desk = Desk(Wiki({"A": ("A cat.", "A dog.", "Cats and dogs.")}))
    assert desk.lookup("cat")[1] == "No page is open; search for one first."
    desk, _ = desk.search("A")
    desk, first = desk.lookup("cat")
    desk, second = desk.lookup("cat")
    assert (first, second) == ("(Result 1 / 2) A cat.", "(Result 2 / 2) Cats and dogs.")
    assert desk.lookup("cat")[1] == "No more results."
    assert desk.lookup("dog")[1] == "(Result 1 / 2) A dog."
    assert desk.search("A")[0].lookup("cat")[1].startswith("(Result 1 / 2)")
    assert Reader(WORLD)("Google", "x").startswith("There is no tool 'Google'")


LEAF = st.integers(0, 99).map(str) | st.sampled_from(["1.5", ".25", "0.1"])
SUM = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", " - "]), inner).map("".join),
        inner.map("({})".format),
        inner.map("-({})".format),
    ),
    max_leaves=8,
)


@given(SUM)
def test_the_calculator_agrees_with_python(text):
    try:
        value = eval(text, {"__builtins__": {}})
    except ZeroDivisionError:
        assert calculate(text) == "Cannot calculate: a division by zero."
        return
    assert float(calculate(text)) == pytest.approx(value, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("__import__('os')", "only digits"), ("2**3", "missing before '*'"), ("(1", "a ')' is missing"),
     ("", "only digits"), ("1 2", "'2' is one too many"), ("1 +", "stops too early"), ("." * 5, "'.....' is no number"),
     ("(" * 400, "too many brackets"), ("-" * 400, "too many brackets"), ("9" * 480, "too large"), ("1,000", "only")],
)  # fmt: skip
def test_what_the_calculator_refuses(text, problem):
    assert problem in calculate(text) and calculate(text).startswith("Cannot calculate")


def test_the_live_encyclopedia_is_read_once(tmp_path):
    asked = []

    def fetch(query):
        asked.append(query)
        if query["action"] == "opensearch":
            return ["Ann", ["Ann Lee", "Ann Arbor"]]
        return {"query": {"pages": {"1": {"extract": "One. Two. Three."} if query["titles"] == "Ann Lee" else {}}}}

    for _ in range(2):
        desk = Desk(Wiki(LivePages(tmp_path, fetch)))
        assert desk.search("Ann Lee")[1] == "One. Two."
        assert "Ann Arbor" in desk.search("Ann")[1]
    assert len(asked) == 3
