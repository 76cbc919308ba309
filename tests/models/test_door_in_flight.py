"""Many calls at once: what is shared, cancelled, paid, recorded, and how far a budget can be overshot."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from server import serving

from manyminds.core import BudgetReached
from manyminds.models.door import Budget, Door, MemoryRecorder, Patience
from manyminds.models.endpoint import Endpoint
from manyminds.models.purse import Purse, at_most
from manyminds.models.request import Completion, Request, Usage, user
from manyminds.models.scripted import Scripted


def request(repeat="1", text="how many?", **options):
    return Request((user(text),), repeat=str(repeat), **({"max_tokens": 20} | options))


class Held:
    """A model whose calls end when they are told to; it counts those that begin, end and are cancelled."""

    name = "held"

    def __init__(self):
        self.begun, self.cancelled, self.order = 0, 0, []
        self.go = asyncio.Event()

    async def complete(self, asked):
        self.begun += 1
        self.order.append(asked.repeat)
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)  # as a connection takes time to close
            self.cancelled += 1
            raise
        return Completion("x", Usage(5, 5))


async def tick(times=5):
    for _ in range(times):
        await asyncio.sleep(0)


@pytest.mark.parametrize("concurrency", [1, 8, 64])
async def test_a_budget_in_calls_is_kept_exactly(concurrency):
    made = []

    async def slowly(asked):
        made.append(asked.repeat)
        await asyncio.sleep(0.001)
        return "x"

    door = Door(budget=Budget(calls=10), concurrency=concurrency)
    model = door.open(Scripted("s", slowly))
    ends = await asyncio.gather(*(model.complete(request(i)) for i in range(40)), return_exceptions=True)
    assert len(made) == door.totals.calls == sum(isinstance(end, Completion) for end in ends) == 10
    assert all(isinstance(end, Completion | BudgetReached) for end in ends)


@pytest.mark.parametrize("concurrency", [1, 64])
@pytest.mark.parametrize("limit", ["tokens", "money"])
async def test_tokens_and_money_over_http_are_overshot_by_one_call_at_most(concurrency, limit):
    with serving(lambda m: "four words in it", delay=0.005) as server:
        endpoint = Endpoint(server.url, "m", prices=(1.0, 2.0))
        most = at_most(endpoint, request())
        budget = Budget(tokens=1000) if limit == "tokens" else Budget(money=1000e-6)
        door = Door(budget=budget, concurrency=concurrency)
        model = door.open(endpoint)
        ends = await asyncio.gather(*(model.complete(request(i)) for i in range(80)), return_exceptions=True)
        await endpoint.close()
    spent, allowed = getattr(door.totals, limit), getattr(budget, limit)
    one = max(getattr(most, limit), door.totals.tokens / door.totals.calls * (1 if limit == "tokens" else 2e-6))
    assert allowed <= spent < allowed + one
    assert {type(end) for end in ends} == {Completion, BudgetReached}
    assert len(server.log) == door.totals.calls  # nothing was paid that is not counted


async def test_a_call_that_fails_gives_its_reserve_back():
    async def fails(asked):
        await asyncio.sleep(0.001)
        if asked.repeat == "0":
            raise ValueError("broken")
        return "x"

    door = Door(budget=Budget(calls=1), concurrency=4)
    model = door.open(Scripted("s", fails))
    first, second = await asyncio.gather(model.complete(request(0)), model.complete(request(1)), return_exceptions=True)
    assert isinstance(first, ValueError) and second.text == "x"


async def test_all_who_wait_hear_of_an_error_and_the_next_call_is_a_new_one():
    tried = []

    async def fails_once(asked):
        tried.append(1)
        await asyncio.sleep(0)
        if len(tried) == 1:
            raise ValueError("broken")
        return "x"

    recorder = MemoryRecorder()
    door = Door(recorder)
    model = door.open(Scripted("s", fails_once))
    ends = await asyncio.gather(*(model.complete(request()) for _ in range(3)), return_exceptions=True)
    assert [str(end) for end in ends] == ["broken"] * 3 and not recorder.calls and not door.purse.in_flight
    assert (await model.complete(request())).text == "x" and len(tried) == 2


async def test_a_call_is_cancelled_with_its_last_caller_and_has_then_ended():
    held, recorder = Held(), MemoryRecorder()
    door = Door(recorder)
    callers = [asyncio.create_task(door.open(held).complete(request())) for _ in range(2)]
    await tick()
    callers[0].cancel()
    await tick()
    assert (held.begun, held.cancelled) == (1, 0)
    callers[1].cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    assert held.cancelled == 1 and not door.purse.in_flight and not recorder.calls and door.totals.calls == 0


async def test_who_asks_after_a_cancelled_call_gets_a_call_of_its_own():
    held, door = Held(), Door()
    first = asyncio.create_task(door.open(held).complete(request()))
    await tick()
    first.cancel()
    second = asyncio.create_task(door.open(held).complete(request()))
    await tick()
    held.go.set()
    assert (await second).text == "x" and held.begun == 2


async def test_a_waiting_call_that_is_cancelled_frees_its_place():
    held, door = Held(), Door(concurrency=1, budget=Budget(tokens=10_000))
    callers = [asyncio.create_task(door.open(held).complete(request(i))) for i in range(3)]
    await tick()
    callers[1].cancel()
    await tick()
    held.go.set()
    ends = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(end).__name__ for end in ends] == ["Completion", "CancelledError", "Completion"]
    assert held.order == ["0", "2"] and not door.purse.reserved


async def test_first_come_first_served():
    held, door = Held(), Door(concurrency=2)
    held.go.set()
    await asyncio.gather(*(door.open(held).complete(request(i)) for i in range(20)))
    assert held.order == [str(i) for i in range(20)]


async def test_doors_of_one_purse_share_budget_lanes_and_equal_calls():
    held, purse, recorder = Held(), Purse(Budget(calls=3), concurrency=2), MemoryRecorder()
    one, two = Door(recorder, purse=purse), Door(recorder, purse=purse)
    callers = [asyncio.create_task(door.open(held).complete(request(i))) for i in (1, 2) for door in (one, two)]
    await tick()
    assert held.begun == 2
    held.go.set()
    await asyncio.gather(*callers)
    assert [(d.totals.calls, d.totals.replayed) for d in (one, two)] == [(2, 0), (2, 2)]
    assert purse.totals.calls == 2 and purse.totals.tokens == 20
    await two.open(held).complete(request(3))
    with pytest.raises(BudgetReached):
        await one.open(held).complete(request(4))


async def test_settled_waits_for_calls_whose_caller_has_gone_on():
    held, recorder = Held(), MemoryRecorder()
    door = Door(recorder)
    caller = asyncio.create_task(door.open(held).complete(request()))
    await tick()
    settling = asyncio.create_task(door.settled())
    await tick()
    assert not settling.done()
    held.go.set()
    await settling
    assert len(recorder.calls) == 1 and (await caller).text == "x"


async def test_settled_when_cancelled_cancels_them():
    held, door = Held(), Door()
    caller = asyncio.create_task(door.open(held).complete(request()))
    await tick()
    settling = asyncio.create_task(door.settled())
    await tick()
    settling.cancel()
    ends = await asyncio.gather(settling, caller, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends) and held.cancelled == 1


async def test_jitter_is_bounded_and_grows():
    patience = Patience(first_wait=0.5, longest_wait=4)
    for failures, most in ((1, 0.5), (2, 1), (3, 2), (9, 4)):
        waits = [patience.wait(failures) for _ in range(200)]
        assert min(waits) >= 0 and most / 2 < max(waits) <= most


INTERRUPTED = """
import asyncio, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # background processes begin with SIGINT ignored
from manyminds.lab.store import Store
from manyminds.models.door import Door
from manyminds.models.endpoint import Endpoint
from manyminds.models.request import Request, user

async def main(url, store):
    recorder, endpoint = store.recorder("r"), Endpoint(url, "m")
    door = Door(recorder, concurrency=8)
    model = door.open(endpoint)
    try:
        await asyncio.gather(*(model.complete(Request((user(str(i)),), repeat=str(i))) for i in range(500)))
    finally:
        print(len(door.purse.in_flight), door.totals.calls, flush=True)
        await door.settled()
        await endpoint.close()
        recorder.close()

with Store(sys.argv[2]) as store:
    asyncio.run(main(sys.argv[1], store))
"""


def test_ctrl_c_cancels_the_calls_in_flight_and_leaves_whole_records(tmp_path):
    with serving(lambda m: f"answer to {m[-1]['content']}", delay=0.03) as server:
        program = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED, server.url, str(tmp_path / "calls.db")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        while len(server.log) < 20:
            time.sleep(0.005)
        os.kill(program.pid, signal.SIGINT)
        start = time.monotonic()
        out, errors = program.communicate(timeout=20)
        took = time.monotonic() - start
        asked = len(server.log)
    with sqlite3.connect(tmp_path / "calls.db") as store:
        rows = store.execute("SELECT request, completion FROM calls").fetchall()
    store.close()
    assert "KeyboardInterrupt" in errors and "never retrieved" not in errors and program.returncode != 0
    in_flight, counted = map(int, out.split())
    assert counted == len(rows) >= asked - 8 and in_flight <= 8 and took < 5
    for sent, got in rows:  # every record is whole and its own
        assert f'"answer to {sent.split(chr(34) + "content" + chr(34) + ":" + chr(34))[1].split(chr(34))[0]}"' in got
