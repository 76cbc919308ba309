"""Hostile and clumsy programs and suites: nothing that a program does passes it but the right values."""

# ruff: noqa: E501  programs as single lines
import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyminds.agents import sandbox_pool
from manyminds.agents.sandbox import Isolation, NoIsolation, isolation
from manyminds.conversations.assertions import examples, split, value_of
from manyminds.conversations.judging import Judge

pytestmark = pytest.mark.skipif(isolation().walls == "none", reason="no isolation here")
SUITE = split("assert f(2) == 4\nassert f(3) == 9\nassert f(0) == 0", "f")
RIGHT = "def f(x):\n    return x * x"


@pytest.fixture(scope="module")
def loop():
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def judge(loop):
    found = Judge(each=0.3, whole=3.0, size=1)
    loop.run(found.__aenter__())
    yield lambda code, tests=SUITE: loop.run(found(code, tests))
    loop.run(found.__aexit__(None, None, None))


HOSTILE = {
    "infinite loop": "def f(x):\n    while True: pass",
    "loop that swallows": "def f(x):\n    while True:\n        try:\n            while True: pass\n        except: pass",
    "sleeps": "import time\ndef f(x):\n    time.sleep(100)",
    "deep recursion": "def f(x):\n    return f(x)",
    "no limit on recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef f(x):\n    return f(x)",
    "memory bomb": "def f(x):\n    return 'a' * 10**12",
    "fork": "import os\ndef f(x):\n    os.fork()\n    return x * x",
    "exit": "import sys\ndef f(x):\n    sys.exit(0)",
    "hard exit": "import os\ndef f(x):\n    os._exit(0)",
    "exit on loading": "import sys\nsys.exit(0)",
    "hard exit on loading": "import os\nos._exit(0)",
    "writes outside": "def f(x):\n    open('/etc/x', 'w')\n    return x * x",
    "equals everything": (
        "class E:\n    def __eq__(s, o): return True\n    def __bool__(s): return True\ndef f(x): return E()"),
    "a list that equals everything": "class E(list):\n    def __eq__(s, o): return True\ndef f(x): return E()",
    "an int that equals everything": "class E(int):\n    def __eq__(s, o): return True\ndef f(x): return E(x)",
    "patched builtins": (
        "import builtins\nbuiltins.bool = lambda *a: True\nbuiltins.AssertionError = type('A', (), {})\n"
        "builtins.type = lambda x: int\nbuiltins.repr = lambda x: '4'\ndef f(x): return -1"),
    "reads frames": (
        "import sys\ndef f(x):\n    frame, seen = sys._getframe(), ''\n    while frame:\n"
        "        seen += repr(frame.f_locals)\n        frame = frame.f_back\n"
        "    return int('== 4' in seen) or int('== 9' in seen) or -1"),
    "prints passes": (
        "import sys\ndef f(x):\n    frame = sys._getframe()\n    while frame and 'mark' not in frame.f_locals:\n"
        "        frame = frame.f_back\n    mark = frame.f_locals['mark'] if frame else ''\n"
        "    for i in range(3): print('\\n' + mark + '[%d, \"value\", \"True\"]' % i, flush=True)\n    return -1"),
    "prints without end": "def f(x):\n    while True: print('x' * 1000)",
    "another name": "def g(x):\n    return x * x",
    "no syntax": "def f(x) return x * x",
    "unicode": "def f(x):\n    return “x”",
    "nothing": "",
    "a value too deep": "def f(x):\n    y = []\n    for _ in range(5000): y = [y]\n    return y",
    "not the same twice": "import time\ndef f(x):\n    return time.time_ns()",
}  # fmt: skip


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_program_does_not_pass_and_the_next_one_does(judge, code):
    found = judge(code)
    assert not found.passed and found.failure
    assert len(found.decided) == len(SUITE)
    assert judge(f"{RIGHT}  # after {hash(code)}").passed


def test_exit_status_0_is_no_pass_where_only_some_are_reached(judge):
    found = judge("import os\ndef f(x):\n    if x == 3: os._exit(0)\n    return x * x")
    assert [one.outcome for one in found.decided] == ["passed", "not reached", "not reached"]


def test_each_assertion_is_a_test_of_its_own(judge):
    found = judge(RIGHT, split("assert f(2) == 5\nassert f(3) == 9\nassert f('a') == 1", "f"))
    assert [one.outcome for one in found.decided] == ["failed", "passed", "error"]
    assert "assert f(2) == 5" in found.failure and "gave 4" in found.failure and found.share == 1 / 3


async def test_after_a_few_slow_calls_the_rest_is_left_out():
    tests = split("\n".join(f"assert f({n}) == {n}" for n in range(6)), "f")
    async with Judge(each=0.02, whole=30.0, size=1) as judge:
        found = await judge("def f(x):\n    while True: pass", tests)
    assert [one.outcome for one in found.decided] == ["timeout"] * 3 + ["not reached"] * 3


async def test_one_slow_call_leaves_the_others_alone():
    async with Judge(each=0.3, whole=60.0, size=1) as judge:
        found = await judge("def f(x):\n    while x == 2: pass\n    return x * x", SUITE)
    assert [one.outcome for one in found.decided] == ["timeout", "passed", "passed"]


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        (RIGHT, True),
        ("def f(x):\n    return 2 * x", False),
        ("import sys\nsys.exit(0)", False),
        ("import os\nos._exit(0)", False),
        ("def f(x):\n    import os\n    os._exit(0)", False),
        ("import sys\nprint('passed' * 9)\ndef f(x): raise SystemExit(0)", False),
        ("def f(x):\n    while True: pass", False),
        ("def f(x):\n    print('noise', end='')\n    return x * x", True),
    ],
)
def test_a_script_of_tests_must_be_run_to_its_end(loop, code, passes):
    async def once():
        async with Judge(whole=1.0, size=1) as judge:
            return await judge.runs_through(code, "assert f(2) == 4 and f(3) == 9")

    assert loop.run(once()) is passes


CHECKS = {
    "assert len(f([1, 2])) == 2": "def f(x): return x",
    "assert f(f(2)) == 16": RIGHT,
    "assert f(2) + f(3) == 13": RIGHT,
    "assert abs(f(0.5) - 0.25) < 1e-9": RIGHT,
    "assert 9 == f(3)": RIGHT,
    "assert f(3) is not None and f(3) > 8": RIGHT,
    "assert f(1)": RIGHT,
    "assert not f(0)": RIGHT,
    "assert f(0) is None": "def f(x): return None",
    "assert f(1) == f(-1)": RIGHT,
    "assert all(f(i) == i * i for i in range(5))": RIGHT,
    "assert sorted(f([3, 1])) == [1, 3]": "def f(x): return x",
    "assert f(list(range(1000))) == sum(range(1000))": "def f(x): return sum(x)",
    "assert f(2) != 5": RIGHT,
    "assert [f(2), f(3)] == [4, 9]": RIGHT,
    "assert math.isnan(f(1))": "def f(x): return float('nan')",
    "assert f(1) == float('inf')": "def f(x): return float('inf')",
    "assert f(1) == {'a': (1, [2.5, None])}": "def f(x): return {'a': (1, [2.5, None])}",
    "assert f(1) == 10**400": "def f(x): return 10**400",
}
WRONG = {"assert f(f(2)) == 16": "def f(x): return x", "assert len(f([1, 2])) == 2": "def f(x): return x[:1]",
         "assert f(1)": "def f(x): return 0", "assert not f(0)": "def f(x): return 1",
         "assert f(0) is None": "def f(x): return 0", "assert f(2) != 5": "def f(x): return 5",
         "assert 9 == f(3)": "def f(x): return 8", "assert [f(2), f(3)] == [4, 9]": "def f(x): return 4",
         "assert all(f(i) == i * i for i in range(5))": "def f(x): return x"}  # fmt: skip


@pytest.mark.parametrize("test", CHECKS)
def test_all_forms_of_assertions(judge, test):
    tests = split(test, "f")
    assert len(tests) == 1 and judge(CHECKS[test], tests).passed
    if test in WRONG:
        assert not judge(WRONG[test], tests).passed


def test_a_suite_without_assertions_passes_nothing(judge):
    assert not judge(RIGHT, []).passed


def test_splitting():
    text = (
        "Tests:\n```python\nassert f(1) == 1\nassert f( 1 )==1  # again\nassert g(1) == 1\nassert f(2) == (\n  4)\n```"
    )
    assert [one.source for one in split(text, "f")] == ["assert f(1) == 1", "assert f(2) == 4"]
    assert [one.source for one in split("assert f(1) == 1\nassert f(1) == 2\nassert f(2) == 4", "f")] == [
        "assert f(2) == 4"
    ]
    known = split("assert f(1) == 1", "f")
    assert split("assert f(1) == 2\nassert f(1) == 1", "f", known) == known  # the example is right, the other is not
    broken = "assert f(1) == 1\nassert f(2 == \nassert f(3) == 9\nand so on"
    assert [one.source for one in split(broken, "f")] == ["assert f(1) == 1", "assert f(3) == 9"]
    assert split("｀｀｀python\nassert f(1) == 1\n｀｀｀", "f") == known
    assert split("", "f") == split("assert True", "f") == split("```\n```", "f") == []
    two = split("def test_a():\n    assert f(1) == 1\n\nclass T:\n    def test_b(self):\n        assert f(2) == 4", "f")
    assert len(two) == 2


def test_public_examples():
    spec = '''def f(x):
    """Square.
    >>> f(2)
    4
    f(3) == 9
    f(4) -> 16
    assert f(5) == 25
    f is a function; g(1) == 2
    >>> f(6) is None
    True
    """'''
    assert examples(spec, "f")[-1].source == "assert f(6) is None"
    assert [one.source for one in examples(spec, "f")[:-1]] == [f"assert f({n}) == {n * n}" for n in (2, 3, 4, 5)]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=60)
@given(PLAIN)
def test_plain_values_come_back_as_they_were(judge, value):
    text = repr(value).replace("inf", "float('inf')")
    found = judge(f"def f(x):\n    return {text}", split(f"assert f(1) == {text}", "f"))
    assert found.passed


def test_values_that_are_none():
    assert value_of("[1, nan]")[0] == 1
    for text in ("f()", "1 +", "x", "[" * 500 + "]" * 500):
        with pytest.raises(ValueError):
            value_of(text)


async def test_refused_with_the_reason_where_nothing_isolates(monkeypatch):
    nothing = Isolation("none", "no isolation holds here", ("landlock: no Landlock",))
    monkeypatch.setattr(sandbox_pool, "isolation", lambda: nothing)
    with pytest.raises(NoIsolation, match="no Landlock"):
        async with Judge():
            pass
    monkeypatch.setattr("manyminds.agents.sandbox.isolation", lambda: nothing)
    async with Judge(unsafe=True, size=1) as judge:  # asked for by name
        assert (await judge(RIGHT, SUITE)).passed
