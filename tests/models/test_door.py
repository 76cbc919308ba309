"""The door and the endpoint over real HTTP: every fault is met, counted, and none becomes an answer."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from server import serving

from manyminds.core import BadInput, BudgetReached, Choice, EndpointDown, NoAnswer, Whole
from manyminds.models.ask import ask
from manyminds.models.door import Budget, Door, MemoryRecorder, Patience
from manyminds.models.endpoint import Endpoint
from manyminds.models.load import load
from manyminds.models.request import Completion, Request, Usage, user
from manyminds.models.scripted import Scripted

QUICK = Patience(tries=4, first_wait=0.001, longest_wait=0.01)


def request(text="how many?", repeat="1", output=None):
    return Request((user(text),), output=output, repeat=repeat)


@asynccontextmanager
async def opened(server, **options):
    endpoint = Endpoint(server.url, "fake", timeout=options.pop("timeout", 5))
    door = Door(**({"patience": QUICK} | options))
    yield door, door.open(endpoint)
    await endpoint.close()


KINDS = {"429": "429", "500": "5xx", "cut": "cut connection", "malformed": "malformed reply"}


@pytest.mark.parametrize("fault", KINDS)
async def test_a_fault_is_counted_and_tried_again(fault):
    with serving(lambda m: "Answer: 7", plan=lambda n, b: fault if n < 2 else None) as server:
        async with opened(server) as (door, model):
            assert (await model.complete(request())).text == "Answer: 7"
    assert door.totals.faults == {KINDS[fault]: 2}
    assert (door.totals.calls, len(server.log)) == (1, 3)


async def test_a_slow_answer_is_a_timeout():
    with serving(lambda m: "x", delay=0.3) as server:
        async with opened(server, timeout=0.05, patience=Patience(1)) as (door, model):
            with pytest.raises(EndpointDown, match="timeout"):
                await model.complete(request())
    assert door.totals.faults == {"timeout": 1}


async def test_an_endpoint_that_keeps_failing_is_down_after_a_bounded_number_of_tries():
    with serving(lambda m: "x", plan=lambda n, b: "500") as server:
        async with opened(server) as (door, model):
            with pytest.raises(EndpointDown, match="4 times in a row"):
                await model.complete(request())
    assert len(server.log) == QUICK.tries and door.totals.calls == 0


async def test_what_is_recorded_is_not_asked_twice_and_repeats_are_samples():
    recorder = MemoryRecorder()
    with serving(lambda m: "x") as server:
        for _ in range(2):
            async with opened(server, recorder=recorder) as (door, model):
                for repeat in ("1", "2", "1"):
                    await model.complete(request(repeat=repeat))
    assert len(server.log) == 2
    assert (door.totals.calls, door.totals.replayed) == (2, 2)  # an answer that is used twice is paid once


async def test_equal_calls_in_flight_are_one_call_and_outlive_a_cancelled_caller():
    with serving(lambda m: "x", delay=0.05) as server:
        async with opened(server) as (_, model):
            first, second = (asyncio.create_task(model.complete(request())) for _ in range(2))
            await asyncio.sleep(0.01)
            first.cancel()
            assert (await second).text == "x"
    assert len(server.log) == 1


async def test_concurrency_is_limited():
    with serving(lambda m: "x", delay=0.02) as server:
        async with opened(server, concurrency=3) as (_, model):
            await asyncio.gather(*(model.complete(request(repeat=str(i))) for i in range(12)))
    assert server.most_in_flight == 3


@pytest.mark.parametrize("budget", [Budget(calls=3), Budget(tokens=15), Budget(money=3e-6)], ids=str)
async def test_a_budget_stops_and_a_bigger_one_goes_on_without_paying_twice(budget):
    recorder, made = MemoryRecorder(), []
    said = Completion("one two three", Usage(2, 3, money=1e-6))
    model = Scripted("words", lambda r: made.append(1) or said)

    async def spend(limit):
        opened = Door(recorder, limit).open(model)
        for i in range(5):
            await opened.complete(request("a b", repeat=str(i)))

    with pytest.raises(BudgetReached, match="is spent"):
        await spend(budget)
    assert len(made) == 3
    await spend(Budget())
    assert len(made) == 5


async def test_an_illegal_answer_is_asked_again_with_the_reason():
    heard = []
    texts = iter(["no idea", "3 or 4", "Answer: 200", "Answer: 4"])
    model = Scripted("s", lambda r: heard.append(r.messages[-1].content) or next(texts))
    asked = await ask(model, request(output=Whole(0, 9)), tries=4)
    assert asked.value == 4 and len(asked.invalid) == 3
    reasons = ("there is no number", "several numbers", "outside the allowed range")
    assert all(reason in said for reason, said in zip(reasons, heard[1:], strict=True))


async def test_after_the_last_try_there_is_no_answer():
    asked = await ask(Scripted("s", lambda r: "hm"), request(output=Choice(("left", "right"))), tries=2)
    assert isinstance(asked.value, NoAnswer) and len(asked.texts) == 2


async def test_a_wrong_key_and_a_dead_server_are_one_sentence():
    with serving(lambda m: "x", key="right") as server:
        async with opened(server) as (_, model):
            with pytest.raises(BadInput, match="OPENAI_API_KEY"):
                await model.complete(request())
    dead = Endpoint("http://127.0.0.1:9/v1", "fake")
    with pytest.raises(BadInput, match="is it running"):
        await dead.probe()
    await dead.close()


@pytest.mark.parametrize("reference", ["gpt", "http://127.0.0.1:1/v1", "scripted:nothing"])
def test_a_bad_reference_says_what_would_be_right(reference):
    with pytest.raises(BadInput, match=r"openai/NAME|#NAME|scripted:"):
        load(reference)
