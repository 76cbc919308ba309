"""Judging programs: each assertion by itself, in a fresh process with a time limit, decided outside of the program.

    async with Judge() as judge:
        judged = await judge("def f(x):\\n    return x", split("assert f(1) == 1", "f"))
        judged.passed, judged.failure       # (True, "")

The program is asked for the values of the calls and sees neither what is expected nor what has been decided. Its values
come back as literals. What must be computed to decide (`len(_0) == 3`) is computed in another process from those
literals. Nothing that the program prints, and no exit status, counts as passing.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any, Literal, Protocol

from manyminds.agents.sandbox import Limits, Ran
from manyminds.agents.sandbox_pool import Pool
from manyminds.conversations.assertions import Assertion, holds, value_of
from manyminds.conversations.judging_inside import PREAMBLE

INSIDE = Path(__file__).with_name("judging_inside.py")
Outcome = Literal["passed", "failed", "error", "timeout", "not reached"]


@dataclass(frozen=True)
class Decided:
    """What became of one assertion. `detail`: the value given, the error, or why it was not reached."""

    assertion: Assertion
    outcome: Outcome
    detail: str = ""

    @property
    def told(self) -> str:
        """What a programmer is told of it."""
        what = {"failed": "gave", "error": "raised", "timeout": "took too long"}.get(self.outcome, self.outcome)
        return f"{self.assertion.source}\n{what} {self.detail}".strip()


@dataclass(frozen=True)
class Judged:
    """All assertions of a suite, decided; `broken` says why the program could not even be loaded."""

    decided: tuple[Decided, ...]
    broken: str = ""

    @property
    def passed(self) -> bool:
        """Nothing is passed by a suite without assertions."""
        return bool(self.decided) and all(one.outcome == "passed" for one in self.decided)

    @property
    def first(self) -> Decided | None:
        return next((one for one in self.decided if one.outcome != "passed"), None)

    @property
    def share(self) -> float:
        return sum(one.outcome == "passed" for one in self.decided) / len(self.decided) if self.decided else 0.0

    @property
    def failure(self) -> str:
        """What a programmer is told: why it could not be loaded, or the first assertion that was not passed."""
        return self.broken or (self.first.told if self.first else "")


class Executor(Protocol):
    """Whoever judges a program by assertions."""

    async def __call__(self, code: str, tests: Sequence[Assertion]) -> Judged: ...

    async def values(self, code: str, asked: Sequence[str]) -> dict[str, "Given"]: ...


class Runner(Protocol):
    """Whoever runs a program in a sandbox, for at most `seconds` (0: its own limit)."""

    async def run(self, code: str, seconds: float = 0.0) -> Ran: ...


@dataclass
class Judge:
    """Judges by running programs on a pool of benches. `each`: seconds of the processor for one call; `whole`: seconds
    on the clock for a whole suite.

    What a program gave for a call is remembered: programs are taken to be functions of their source, and a program that
    is not gets one chance, not many.
    """

    each: float = 1.0
    whole: float = 3.0
    unsafe: bool = False
    size: int = 0
    memory: int = 512 << 20
    remember: bool = True
    runs: int = 0  # programs started
    pool: Pool | None = field(default=None, repr=False)
    known: dict[tuple[str, str], "Given"] = field(default_factory=dict, repr=False)

    async def __aenter__(self) -> "Judge":
        self.pool = Pool(self.size, Limits(seconds=self.whole, memory=self.memory), self.unsafe)
        await self.pool.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self.pool:
            await self.pool.__aexit__(kind, error, where)
            self.pool = None

    async def __call__(self, code: str, tests: Sequence[Assertion]) -> Judged:
        asked = list(dict.fromkeys(call for one in tests for call in questions(one)))
        given = await self.values(code, asked)
        pending = [one for one in tests if not one.inside and not one.plain]
        decided_elsewhere = await self.elsewhere(pending, given) if pending else {}
        decided = [decided_elsewhere.get(one) or decide(one, given) for one in tests]
        broken = next((found.text for found in given.values() if found.kind == "broken"), "")
        return Judged(tuple(decided), broken)

    async def runs_through(self, code: str, script: str, seconds: float = 0.0) -> bool:
        """Whether a script of tests runs to its end after a program, in one process: for tests that cannot be taken
        apart. Only the word that comes after the last of them says so; a hostile program that reads its own process
        could say it too."""
        assert self.pool, "use it as `async with Judge() as judge`"
        mark, self.runs = token_hex(8), self.runs + 1
        last = f"__import__('os').write(1, b'\\n{mark}\\n'), __import__('os')._exit(0)"
        program = f"{PREAMBLE}\n{code}\n{script}\n{last}\n"
        ran = await self.pool.run(program, seconds or self.whole)
        return ran.ok and ran.stdout.rstrip("\n").rpartition("\n")[2] == mark

    async def values(self, code: str, asked: Sequence[str]) -> dict[str, "Given"]:
        """What the program gives for each of some expressions."""
        fresh = [call for call in asked if not self.remember or (code, call) not in self.known]
        if fresh:
            found = await self.ran(code, fresh)
            self.known |= {(code, call): one for call, one in zip(fresh, found)} if self.remember else {}
            if not self.remember:
                return dict(zip(fresh, found))
        return {call: self.known[code, call] for call in asked}

    async def ran(self, code: str, calls: Sequence[str]) -> list["Given"]:
        """The program's values for `calls`, from a process of its own."""
        assert self.pool, "use it as `async with Judge() as judge`"
        mark = token_hex(8)
        self.runs += 1
        return read(await self.pool.run(inside(code, calls, mark, self.each)), mark, len(calls))

    async def elsewhere(
        self, tests: Sequence[Assertion], given: dict[str, "Given"]
    ) -> dict[Assertion, Decided]:  # fmt: skip
        """Decide what takes computing, in a process that holds the values and not the program."""
        ready = [one for one in tests if all(given[call].kind == "value" for call in one.calls)]
        if not ready:
            return {}
        lines = []
        for one in ready:
            names = ", ".join(f"_{k}" for k in range(len(one.calls)))
            values = ", ".join(given[call].text for call in one.calls)
            lines.append(f"(lambda {names}: bool({one.check}))({values})")
        found = await self.ran("", lines)
        return {
            one: answered(one, answer, [given[call].text for call in one.calls]) for one, answer in zip(ready, found)
        }


@dataclass(frozen=True)
class Given:
    """What a program gave for a call: a "value" as a literal, an "error", "opaque" for what is no plain value,
    "timeout", "broken" where it could not be loaded, "gone" where it ended first."""

    kind: str
    text: str = ""


@cache
def harness() -> str:
    """The source of the script that loads a program and evaluates calls beside it."""
    return INSIDE.read_text(encoding="utf-8")


def inside(code: str, calls: Sequence[str], mark: str, each: float, traced: bool = False) -> str:
    """The whole program that the sandbox runs."""
    numpy = "numpy" in code or "np." in code
    return f"{harness()}\njudge({code!r}, {list(calls)!r}, {mark!r}, {each}, {numpy}, {traced})\n"


def questions(one: Assertion) -> tuple[str, ...]:
    """What the program is asked for. Decided inside, it is asked whether the assertion holds."""
    return (f"bool({one.source.removeprefix('assert ')})",) if one.inside else one.calls


def read(ran: Ran, mark: str, count: int) -> list[Given]:
    """The lines of a run, by the number of their call; what is missing says why."""
    found: dict[int, Given] = {}
    broken: Given | None = None
    for line in ran.stdout.split("\n"):
        if not line.startswith(mark):
            continue
        try:
            at, kind, text = json.loads(line.removeprefix(mark))
        except (ValueError, TypeError, RecursionError):
            continue
        if kind == "broken":
            broken = Given("broken", str(text))
        elif isinstance(at, int) and kind in ("value", "error", "opaque", "timeout"):
            found.setdefault(at, checked(Given(kind, str(text))))
    why = {"timeout": "its time was over", "memory": "its memory was full", "output": "it printed too much"}
    last = Given(
        "timeout" if ran.reason == "timeout" else "gone", why.get(ran.reason, f"the program ended ({ran.reason})")
    )
    return [broken or found.get(at, last) for at in range(count)]


def checked(given: Given) -> Given:
    """A value that cannot be read back is none."""
    if given.kind == "value":
        try:
            value_of(given.text)
        except ValueError as error:
            return Given("opaque", str(error))
    return given


def decide(one: Assertion, given: dict[str, Given]) -> Decided:
    """The outcome of an assertion that needs no further process."""
    for call in questions(one):
        found = given[call]
        if found.kind != "value":
            outcome: Outcome = {"timeout": "timeout", "error": "error", "opaque": "failed"}.get(
                found.kind, "not reached"
            )  # type: ignore[assignment]
            return Decided(one, outcome, shortened(found.text))
    values = [given[call].text for call in questions(one)]
    if one.inside:
        return answered(one, Given("value", values[0]), values)
    passed = holds(one, list(map(value_of, values)))
    return Decided(one, "passed" if passed else "failed", "" if passed else shortened(", ".join(values)))


def answered(one: Assertion, answer: Given, values: Sequence[str]) -> Decided:
    """The outcome of an assertion whose truth was computed in another process."""
    passed = answer == Given("value", "True")
    if answer.kind == "error":
        return Decided(one, "error", shortened(answer.text))
    return Decided(one, "passed" if passed else "failed", "" if passed else shortened(", ".join(values)))


def shortened(text: str, limit: int = 300) -> str:
    """A text of `limit` characters at most, with a mark where more followed."""
    return text if len(text) <= limit else f"{text[:limit]}..."


def recorded(found: Judged) -> dict[str, Any]:
    """A judgement as JSON."""
    return {"broken": found.broken, "decided": [[one.outcome, one.detail] for one in found.decided]}


def replayed(record: dict[str, Any], tests: Sequence[Assertion]) -> Judged:
    """A judgement from its JSON, for the same tests."""
    decided = tuple(Decided(one, outcome, detail) for one, (outcome, detail) in zip(tests, record["decided"]))
    return Judged(decided, record["broken"])


@dataclass(frozen=True)
class Kept:
    """A judge whose verdicts are kept with a run (`once` is the laboratory's): a run that is resumed sees what it saw
    before, however slow the machine was then, and so asks its models the same."""

    judge: Judge
    once: Callable[[str, Callable[[], Any]], Awaitable[Any]]

    async def __call__(self, code: str, tests: Sequence[Assertion]) -> Judged:
        async def work() -> dict[str, Any]:
            return recorded(await self.judge(code, tests))

        return replayed(await self.once(f"judged {digest(code, *(t.source for t in tests))}", work), tests)

    async def values(self, code: str, asked: Sequence[str]) -> dict[str, Given]:
        async def work() -> list[list[str]]:
            return [[one.kind, one.text] for one in (await self.judge.values(code, asked)).values()]

        found = await self.once(f"values {digest(code, *asked)}", work)
        return {call: Given(*one) for call, one in zip(asked, found)}


def digest(*parts: str) -> str:
    """A name for some texts: equal texts, equal name."""
    return sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:24]
