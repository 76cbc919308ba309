"""Run somebody's Python function on many arguments in the sandbox and bring its results out, not its verdicts.

What is run sees the arguments and never the expected values, and its results are compared outside. So a result that
claims to equal everything, a patched `assert` or an early exit with status 0 gain nothing; a mark that the program
cannot know beforehand tells the harness's line from anything printed.
"""

import json
from collections.abc import Sequence
from secrets import token_hex
from typing import Any

from manyminds.agents.sandbox import Limits, run
from manyminds.worlds.texts.items import Verdict

HARNESS = """{code}
import json as _json
_results = []
for _x in _json.loads({inputs!r}):
    try:
        _results.append(["value", {name}(*_x)])
    except Exception as error:
        _results.append(["error", repr(error)[:99]])
print("\\n" + {mark!r} + _json.dumps(_results), flush=True)
"""


async def results(
    code: str, name: str, arguments: Sequence[Sequence[Any]], seconds: float = 5.0
) -> tuple[list[list[Any]] | None, str]:
    """What `name` gives for each of the argument lists, as ["value", JSON] or ["error", text]; None and the reason
    where nothing could be read."""
    mark = token_hex(8)
    written = HARNESS.format(code=code, inputs=json.dumps(arguments), mark=mark, name=name)
    ran = await run(written, limits=Limits(seconds=seconds))
    lines = [line.removeprefix(mark) for line in ran.stdout.split("\n") if line.startswith(mark)]
    found = _read(lines[-1]) if lines else None
    return found, "" if found is not None else f"{ran.reason}: {ran.stderr.strip()[-300:]}"


async def judged(code: str, name: str, tests: Sequence[tuple[Sequence[Any], Any]], seconds: float = 5.0) -> Verdict:
    """Right on all (arguments, expected) pairs? `progress` is the share of right results."""
    found, wrong = await results(code, name, [arguments for arguments, _ in tests], seconds)
    if found is None:
        return Verdict(False, code, wrong)
    # Compared as JSON, where True is not 1.
    hits = [json.dumps(one) == json.dumps(["value", expected]) for one, (_, expected) in zip(found, tests)]
    ok = all(hits) and len(found) == len(tests)
    bad = next((i for i, hit in enumerate(hits) if not hit), None)
    said = "" if bad is None else f"{name}({', '.join(map(repr, tests[bad][0]))}) gave {found[bad][1]!r}"
    return Verdict(ok, code, said[:300], sum(hits) / len(tests))


def _read(line: str) -> list[list[Any]] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and all(isinstance(one, list) and len(one) == 2 for one in found) else None
