"""The nursery: gold passes and wrong answers fail in every family at every level; splits do not overlap."""

import json
from itertools import islice, permutations, product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyminds.agents import sandbox
from manyminds.core import BadInput, Seeds
from manyminds.worlds.texts import grids, rewrites, rooms
from manyminds.worlds.texts.functions import OPERATIONS, Functions, applied, candidate, mutants, written
from manyminds.worlds.texts.hops import Hops, evidence_found
from manyminds.worlds.texts.items import SPLITS, items, rendered, split_of, stream
from manyminds.worlds.texts.nursery import families
from manyminds.worlds.texts.sums import Sums, first_wrong
from manyminds.worlds.texts.sway import facts, statements

SEEDS = Seeds(7)
FAMILIES = families(SEEDS)
CASES = [(name, level) for name, family in FAMILIES.items() for level in family.levels]
NOISE = ["", "#", "#\n#", "x" * 10_000, "#" + "9" * 10_000, "\0", "٣+٤=٧\n#٧", "((((", "#ok", "commute a", "(((a+b",
         "get_x(id=$9999)", "get(", "def f(", "```\n```", "\ud800", "1/0=5", "²+²=4", "hotel_book(id: $0)",
         "intro\nintro", "step 1 off 99999999999 fatal"]  # fmt: skip

# How a family reads: the last marked line; calls and the last marked line; actions; a proof; a program.
GROUPS = {"calls": "calls", "calls-attached": "calls", "functions": "program", "rewrites": "proof", "sequents": "proof"}


def group(name):
    return "actions" if name.startswith("rooms") else GROUPS.get(name, "marked")


def told(**verdicts):
    return {"marked": "ok", "calls": "ok", "actions": "ok", "proof": "ok", "program": "ok"} | verdicts


ALL_BAD = told(marked="bad", calls="bad", actions="bad", proof="bad", program="bad")
MUTATIONS = {  # kind: (what is done to an item's solution, the verdict of each group)
    "nothing": (lambda item: item.solution, told()),
    "newline after": (lambda item: item.solution + "\n", told()),
    "blanks before": (lambda item: "  " + item.direct, told(program="bad")),
    "answer alone": (lambda item: item.direct, told()),
    "text after": (lambda item: item.solution + "\nThank you.", told(program="bad")),
    "text before": (lambda item: "Here it is:\n" + item.solution, told(proof="bad", program="bad")),
    "noise before": (lambda item: "x" * 10_000 + "\n" + item.solution, told(proof="bad", program="bad")),
    "twice": (lambda item: item.solution + "\n" + item.solution, told(calls="any", program="bad")),
    "case": (lambda item: item.solution.upper(),
             told(marked="any", calls="any", actions="bad", proof="bad", program="bad")),
    "another answer after": (lambda item: item.solution + "\n#something else",
                             told(marked="bad", calls="bad", program="bad")),
    "empty": (lambda item: "", ALL_BAD),
    "marker alone": (lambda item: "#", ALL_BAD),
    "prompt": (lambda item: item.prompt, ALL_BAD),
    "no marker": (lambda item: item.solution.replace("#", ""), told(marked="bad", calls="bad", actions="bad",
                                                                   proof="bad", program="ok")),
    "last line dropped": (lambda item: item.solution.rpartition("\n")[0], ALL_BAD),
    "digit added": (lambda item: f"#{item.answer}0", ALL_BAD),
    "denied": (lambda item: f"# not {item.answer}", ALL_BAD),
    "two markers": (lambda item: f"##{item.answer}", ALL_BAD),
    "another name": (lambda item: "# Nobody", ALL_BAD),
    "10 kB of noise": (lambda item: "#" + "x" * 10_000, ALL_BAD),
    "line doubled": (lambda item: item.solution.split("\n")[0] + "\n" + item.solution,
                     told(calls="any", actions="any", proof="any", program="bad")),
}  # fmt: skip


def some(name, level, count=8, split="train"):
    return list(islice(stream(FAMILIES[name], level, split, SEEDS, scarce=True), count))


@pytest.mark.parametrize("name,level", CASES)
def test_every_mutation_gets_the_verdict_of_the_table(name, level):
    family, count = FAMILIES[name], 1 if (name, level) == ("grids", 5) else 2 if level > 5 else 8
    made = some(name, level, count)
    assert made
    for item in made:
        for kind, (mutated, verdicts) in MUTATIONS.items():
            text, wanted = mutated(item), verdicts[group(name)]
            if wanted == "bad" and text.strip() == item.solution.strip():
                continue  # a program of one line, an answer that is a marker
            verdict = family.check(item, text)
            assert wanted in ("any", "ok" if verdict.ok else "bad"), (kind, text, item, verdict)
            assert 0 <= verdict.progress <= 1
        for text in NOISE:
            assert not family.check(item, text).ok or text.strip("# ") == item.answer, (text, item)


@pytest.mark.parametrize("name", list(FAMILIES))
@given(text=st.text(max_size=200))
@settings(max_examples=60)
def test_checkers_take_any_text(name, text):
    family = FAMILIES[name]
    for item in some(name, 1, 1):
        verdict = family.check(item, text)
        assert not verdict.ok or text.strip()


@pytest.mark.parametrize("name", list(FAMILIES))
def test_splits_do_not_overlap_and_streams_repeat(name):
    family = FAMILIES[name]
    level = family.levels[1]
    count = 6 if name == "sway" else 12
    by_split = {split: items(family, level, split, SEEDS, count) for split in SPLITS}
    hashes = [{item.form_hash for item in found} for found in by_split.values()]
    assert all(len(found) == count for found in hashes) and not any(
        a & b for i, a in enumerate(hashes) for b in hashes[:i]
    )
    assert items(family, level, "test", SEEDS, 5) == by_split["test"][:5]
    assert name == "sway" or items(family, level, "test", Seeds(8), count) != by_split["test"]
    for item in by_split["test"]:
        json.dumps(item.record())
        assert rendered(item).startswith("<u>") and rendered(item).endswith("<end>")
    if not name.startswith(("turns", "sway")):
        assert all(split_of(item.form) == split for split, found in by_split.items() for item in found)


@pytest.mark.parametrize("kind", ["verify", "refine", "select"])
def test_a_wrapper_belongs_to_the_split_of_what_it_wraps(kind):
    """A mutant: by its own form a wrapper of a training item may land among the tests."""
    for split in SPLITS:
        for item in items(FAMILIES[f"turns-{kind}"], 2, split, SEEDS, 10):
            inner = json.loads(item.form)[1][0]
            assert split_of(json.dumps(["sums", inner], separators=(",", ":"))) == split


def test_names_do_not_move_an_item_to_another_split():
    level, forms = 2, {}
    for i in range(300):
        draft = Sums().draft(Random(i), level)
        again = Sums().draft(Random(i), level)
        assert draft == again
        forms.setdefault(json.dumps(draft.form), set()).add(draft.prompt)
    goal = rewrites._renamed("(a+b)=(b+a)")
    assert goal == rewrites._renamed("(c+d)=(d+c)") != rewrites._renamed("(a+a)=(a+a)")


def test_what_cannot_be_asked_for():
    with pytest.raises(BadInput, match="levels"):
        items(Sums(), 99, "test", SEEDS, 1)
    with pytest.raises(BadInput, match="did you mean 'test'"):
        items(Sums(), 1, "tests", SEEDS, 1)
    with pytest.raises(BadInput, match="no more than"):
        items(FAMILIES["sway"], 1, "validation", SEEDS, 251)


def test_every_equation_of_a_solution_holds_and_mistakes_are_found():
    for level in Sums().levels:
        for item in some("sums", level, 20):
            assert first_wrong(item.solution) is None
    assert first_wrong("1+1=2\n2*3=5\n1+1=3") == 1 and first_wrong("4/0=0") == 0
    item = some("sums", 3, 1)[0]
    assert (
        Sums().check(item, "#-1").progress == 0 and Sums().check(item, item.solution.rpartition("#")[0]).progress == 1
    )


def test_options_of_sums_leave_the_numbers_alone():
    plain, told = Sums().draft(Random(3), 3), Sums(asides=2).draft(Random(3), 3)
    assert plain.form == told.form and plain.prompt != told.prompt
    large = items(Sums(low=21, high=60), 2, "test", SEEDS, 5)
    assert all(int(item.prompt.split(" has ")[1].split()[0]) >= 21 for item in large)


def test_evidence_is_enough_and_outdated_notes_mislead():
    for item in items(Hops(conflict=True), 2, "train", SEEDS, 20):
        assert evidence_found(item, item.solution) == (1.0, 1.0)
        if item.meta["outdated"]:
            verdict = Hops().check(item, f"#{item.meta['outdated']}")
            assert not verdict.ok and verdict.error == "the outdated answer"
            assert item.prompt.count(item.meta["outdated"]) >= 1
    shares = [item.answer == "unknown" for item in items(Hops(), 2, "raise", SEEDS, 300)]
    assert 0.08 < sum(shares) / 300 < 0.23


def test_hops_have_one_answer():
    """By following the relations through the documents as written."""
    import re

    for item in items(Hops(), 3, "test", SEEDS, 50):
        said = {
            (who, relation): whom for relation, who, whom in re.findall(r"The (\w+) of (\w+) is (\w+)\.", item.prompt)
        }
        *chain, start = re.findall(r"(?:the (\w+) of |(\w+)\?)", item.prompt.split("Who is ")[-1])
        at = start[1]
        for relation, _ in reversed(chain):
            at = said.get((at, relation), "unknown")
        assert at == item.answer


def test_operations_mean_what_their_code_does():
    """The reference text, run here on our own code, against the independent meaning."""
    for name, one in OPERATIONS.items():
        space: dict = {}
        exec(written([[name, 4]]), space)
        for x in (
            ([], [3, 3, -2, 8, 8], list(range(-9, 9)))
            if one.takes.startswith("list")
            else ("", "Level 10 leveL", "abba")
        ):
            assert space["f"](x) == applied([[name, 4]], x), name


async def test_functions_are_judged_by_running_them():
    if sandbox.isolation().walls == "none":
        pytest.skip("; ".join(sandbox.isolation().missing))
    family = Functions()
    for level in family.levels:
        for item in some("functions", level, 1):
            assert (await family.judge(item, f"Here:\n```python\n{item.solution}\n```")).ok
            near = mutants(item)
            assert near
            verdict = await family.judge(item, near[0])
            assert not verdict.ok and verdict.progress < 1, near[0]
    item = some("functions", 1, 1)[0]
    for cheat in (
        "def f(x):\n    return 1 / 0",
        "def f(x):\n    while True:\n        x = x",
        "def f(x):\n    exit(0)",
        "def f(x):\n    print('x' * 10 ** 9)",
        "def f(x):\n    return f(x)",
        "def f(x):\n    return open('/etc/passwd').read()",
        "def f(x):\n    return [x] * 10 ** 10",
    ):
        assert not (await family.judge(item, cheat, seconds=0.5)).ok
    assert candidate("import os\ndef f(x): return x")[1] == "Import is not allowed here"
    assert candidate("class f: pass")[1] and candidate("x = (")[1] and candidate("(" * 5000)[1]


def test_exposures_are_planted():
    book = facts(SEEDS, 60)
    assert [fact.exposures for fact in book[:7]] == [1, 2, 4, 8, 16, 32, 1]
    assert all(len(statements(fact, Random(0))) == fact.exposures for fact in book)
    assert all(fact.who in line and fact.value in line for fact in book for line in statements(fact, Random(0)))
    dialogue = items(families(SEEDS)["sway"], 3, "train", SEEDS, 5)[0]
    assert dialogue.meta["exposures"] == 4


def test_partners_are_right_half_of_the_time():
    from manyminds.worlds.texts.sway import Sway

    family = Sway(facts(SEEDS), partner=True)
    cells = [item.meta["cell"] for item in items(family, 2, "raise", SEEDS, 120)]
    assert all(15 < cells.count(cell) < 45 for cell in product((True, False), repeat=2))


def test_shortest_proofs_are_shortest():
    """By an independent search of all proofs up to one step less."""
    for level in (2, 3, 4):
        for item in some("rewrites", level, 4):
            layer = {rewrites.read(item.meta["start"])}
            for _ in range(level - 1):
                layer |= {after for term in layer for _, after in rewrites.steps(term)}
                assert rewrites.read(item.meta["goal"]) not in layer


@given(st.integers(0, 10**6), st.lists(st.integers(0, 5), min_size=4, max_size=4))
@settings(max_examples=60)
def test_every_rewriting_keeps_the_value(seed, values):
    term = rewrites.random_term(Random(seed), 5)
    assert rewrites.read(rewrites.shown(term)) == term
    names = dict(zip("abcd", values))
    value = eval(rewrites.shown(term), {}, names)
    assert all(eval(rewrites.shown(after), {}, names) == value for _, after in rewrites.steps(term))


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_grids_have_one_answer_by_brute_force(level):
    """A second solver, which places values house by house, agrees; and every clue is needed."""
    size, groups = grids.SIZES[level]
    for item in some("grids", level, 6):
        clues = [grids.Clue(*clue) for clue in item.meta["clues"]]

        def houses_left(clues, item):
            left = set()
            for ways in product(permutations(range(size)), repeat=groups):
                at = [house for way in ways for house in way]
                if all(one.holds(tuple(at)) for one in clues):
                    left.add(at[item.meta["asked"]] + 1)
            return left

        assert houses_left(clues, item) == {int(item.answer)}
        assert all(len(houses_left([one for one in clues if one != out], item)) > 1 for out in clues)


def test_plans_are_shortest():
    for name, levels in (("rooms-maze", (1, 3)), ("rooms-craft", (1, 2))):
        for level in levels:
            for item in some(name, level, 3):
                found = rooms.searched(item.meta["world"], tuple(item.meta["start"]))
                assert found is not None and len(found) == item.meta["shortest"]
                assert FAMILIES[name].check(item, "\n".join([*found, "#done"])).ok


def test_calls_leave_the_right_state():
    family = FAMILIES["calls"]
    for item in some("calls", 2, 60):
        if not item.meta["calls"]:
            continue
        if item.answer != "impossible":
            assert not family.check(item, f"#{item.answer}").ok
            for broken in (("id:", "key:"), ("(", "s("), ("_", "-")):
                spoiled = item.solution.replace(*broken)
                assert spoiled == item.solution or not family.check(item, spoiled).ok
        if item.meta["booked"]:
            assert not family.check(item, item.meta["calls"][-1] + "\n" + item.solution).ok


@pytest.mark.slow
@pytest.mark.parametrize("name", list(FAMILIES))
def test_gold_passes_on_ten_thousand_items(name):
    """Fewer where a family has not so many, or where drafts are dear."""
    family = FAMILIES[name]
    levels = [level for level in family.levels if (name, level) != ("grids", 5)][:5]
    for level in levels:
        for item in islice(stream(family, level, "raise", SEEDS, scarce=True), 10_000 // len(levels)):
            assert family.check(item, item.solution).ok and family.check(item, item.direct).ok


@pytest.mark.slow
@pytest.mark.parametrize("name", list(FAMILIES))
def test_checkers_never_raise_on_noise(name):
    """100,000 random texts in all."""
    family, rng = FAMILIES[name], Random(0)
    made = some(name, 2, 4)
    for _ in range(100_000 // len(FAMILIES) + 1):
        text = rng.randbytes(rng.randint(0, 80)).decode("latin-1") + rng.choice(("", "\n#", "\n#done"))
        assert not family.check(rng.choice(made), text).ok or name == "plays"
