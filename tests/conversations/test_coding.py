"""The loop of programmer, designer and executor: who sees what, what is counted, what is returned."""

# ruff: noqa: E501  programs as single lines
import asyncio

import pytest

from manyminds.agents.sandbox import isolation
from manyminds.conversations.assertions import split
from manyminds.conversations.coding import AgentCoder
from manyminds.conversations.coding_answers import Program, Suite
from manyminds.conversations.judging import Judge, recorded, replayed
from manyminds.conversations.methods import Minds, Question
from manyminds.core import BadInput
from manyminds.core.actions import Invalid
from manyminds.models.scripted import Scripted

pytestmark = pytest.mark.skipif(isolation().walls == "none", reason="no isolation here")
SPEC = 'def square(n):\n    """The square of n.\n    >>> square(2)\n    4\n    """'
QUESTION = Question(SPEC, entry_point="square")
RIGHT = "def square(n):\n    return n * n  # XYZZY"
WRONG = "def square(n):\n    return 2 * n  # XYZZY"
TESTS = "assert square(2) == 4\nassert square(3) == 9\nassert square(0) == 0"


def fenced(code):
    return f"Thinking.\n```python\n{code}\n```\nDone."


class Table:
    """A programmer that gives `programs` in turn, a designer that gives `suites` in turn; both are logged."""

    def __init__(self, programs, suites=(TESTS,)):
        self.programs, self.suites = list(programs), list(suites)
        self.asked = {"programmer": [], "designer": []}

    def minds(self):
        def say(role, texts):
            def script(request):
                self.asked[role].append(request)
                own = "test the program" in request.messages[-1].content
                kind = self.suites if own else texts
                return fenced(kind.pop(0) if len(kind) > 1 else kind[0])

            return Scripted(f"scripted {role}", script)

        programmer = say("programmer", self.programs)
        return Minds(programmer, {"designer": say("designer", self.suites)})

    @property
    def calls(self):
        return sum(map(len, self.asked.values()))


async def solved(table, **settings):
    return await AgentCoder(**settings).solve(QUESTION, table.minds(), "r")


@pytest.mark.parametrize("repairs", [0, 1, 3])
async def test_calls_are_two_and_one_for_each_repair(repairs):
    table = Table([WRONG] * repairs + [RIGHT])
    found = await solved(table)
    assert found.accepted and found.code == RIGHT
    assert table.calls == found.calls == 2 + repairs and len(found.attempts) == repairs + 1


async def test_the_designer_never_sees_code_and_the_programmer_sees_what_failed():
    table = Table([WRONG, WRONG, RIGHT])
    await solved(table, fresh=True)
    shown = "\n".join(m.content for request in table.asked["designer"] for m in request.messages)
    assert "XYZZY" not in shown and "2 * n" not in shown and SPEC in shown
    assert len(table.asked["designer"]) == 3
    last = table.asked["programmer"][-1].messages
    assert [m.role for m in last] == ["user", "assistant", "user", "assistant", "user"]
    assert "assert square(3) == 9" in last[2].content and "gave 6" in last[2].content


async def test_blind_is_not_told_what_failed():
    table = Table([WRONG, RIGHT])
    await solved(table, feedback=False)
    assert all(len(request.messages) == 1 for request in table.asked["programmer"])
    assert len({request.repeat for request in table.asked["programmer"]}) == 2  # a sample of its own


async def test_the_shared_mind_sees_its_own_code():
    table = Table([WRONG, RIGHT])
    found = await solved(table, tests="shared")
    assert not table.asked["designer"] and "XYZZY" in table.asked["programmer"][1].messages[1].content
    assert found.accepted and table.calls == 3


async def test_examples_alone_and_nobody():
    table = Table([WRONG])  # right on the one public example
    found = await solved(table, tests="examples")
    assert found.accepted and found.code == WRONG and table.calls == 1
    alone = await solved(Table([WRONG]), tests="none")
    assert alone.accepted is None and alone.code == WRONG and alone.calls == 1


async def test_last_or_best_where_nothing_is_accepted():
    half = "def square(n):\n    return n * n if n < 3 else 0"
    bad = "def square(n):\n    return None"
    assert (await solved(Table([half, bad]), rounds=1)).code == bad
    best = await solved(Table([half, bad]), rounds=1, final="best")
    assert best.code == half and best.accepted is False


async def test_tests_from_the_code_make_the_loop_a_single_shot():
    from_code = "assert square(3) == 6\nassert square(5) == 10"
    found = await solved(Table([WRONG], [from_code]), tests="shared")
    assert found.accepted and found.code == WRONG and len(found.attempts) == 1


async def test_a_right_program_is_never_rejected_by_right_tests():
    for rounds in (0, 5):
        found = await solved(Table([RIGHT]), rounds=rounds)
        assert found.accepted and len(found.attempts) == 1


async def test_a_designer_without_tests_is_asked_again_and_then_the_examples_serve():
    table = Table([WRONG], ["assert True"])
    found = await solved(table)
    assert len(table.asked["designer"]) == 4 and found.invalid.total() == 4
    assert [one.source for one in found.attempts[0].suite] == ["assert square(2) == 4"] and found.accepted


async def test_a_programmer_without_a_program_is_asked_again_and_counts_as_a_failed_attempt():
    table = Table(["x = 1"])
    found = await solved(table, rounds=1)
    assert found.code == "" and found.accepted is False and len(found.attempts) == 2
    assert len(table.asked["programmer"]) == 8 and found.calls == 9


async def test_the_released_script_selects_and_never_tells():
    table = Table([WRONG, WRONG, RIGHT, WRONG, WRONG])
    found = await solved(table, mode="repo", rounds=2)
    assert found.code == RIGHT and found.accepted and found.calls == 15
    assert all(len(request.messages) == 1 for requests in table.asked.values() for request in requests)
    strict = Table([WRONG], ["assert square(4) == 5"])
    lost = await solved(strict, mode="repo", rounds=2, candidates=2, suites=3)
    assert lost.accepted is False and lost.code == WRONG and strict.calls == 2 * (2 + 3)
    assert len(lost.attempts) == 2


async def test_one_bad_assertion_fails_alone_but_rejects_the_suite():
    found = await solved(Table([RIGHT], [TESTS + "\nassert square(4) == 5"]), rounds=0)
    assert found.accepted is False and found.attempts[0].judged.share == 3 / 4


async def test_the_transcript_is_the_same_from_the_same_answers():
    first, second = [await solved(Table([WRONG, RIGHT])) for _ in range(2)]
    assert first.said == second.said and first.code == second.code
    tests = split(TESTS, "square")
    async with Judge(size=1) as judge:
        judged = await judge(WRONG, tests)
    assert replayed(recorded(judged), tests) == judged


async def test_a_question_without_a_function_is_refused():
    with pytest.raises(BadInput, match="entry_point"):
        await AgentCoder()(Question("2 + 2?"), Table([RIGHT]).minds(), "r")


PROGRAMS = {
    "one block": fenced(RIGHT),
    "no language": f"```\n{RIGHT}\n```",
    "several blocks": f"```python\nx = 1\n```\nthen\n```python\n{RIGHT}\n```\nand a use:\n```python\nprint(square(2))\n```",
    "the last of two": f"{fenced(WRONG)}\nBetter:\n{fenced(RIGHT)}",
    "no fence": RIGHT,
    "words before": f"Here it is.\n{RIGHT}",
    "words after": f"{RIGHT}\n\nThis squares, it's right.",
    "never closed": f"```python\n{RIGHT}",
    "unicode fences": f"｀｀｀python\n{RIGHT}\n｀｀｀",
    "tildes": f"~~~python\n{RIGHT}\n~~~",
    "imports first": f"Well:\nimport math\n{RIGHT}\nOr so.",
}


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_are_found(text):
    code = Program("square").parse(text)
    assert "return n * n" in code and "2 * n" not in code


@pytest.mark.parametrize("text", ["", "no code", "```python\ndef cube(n): return n\n```", "def square(n) return n"])
def test_what_is_no_program_is_said_to_be_none(text):
    with pytest.raises(Invalid, match="square"):
        Program("square").parse(text)


def test_suites_without_assertions_are_refused():
    for text in ("", "assert cube(2) == 8", "```python\nassert True\n```"):
        with pytest.raises(Invalid):
            Suite("square").parse(text)


async def test_tasks_share_an_executor():
    async with Judge(size=2) as judge:
        coder = AgentCoder(executor=judge)
        jobs = [coder(QUESTION, Table([WRONG, RIGHT]).minds(), str(i)) for i in range(6)]
        replies = await asyncio.gather(*jobs)
        assert all(reply.agreed and "n * n" in reply.text for reply in replies)
        assert judge.runs <= 12
