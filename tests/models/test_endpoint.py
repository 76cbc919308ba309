"""Servers that are only partly compatible, that decline, count oddly or fall silent: over real HTTP."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import BaseModel, Field
from server import serving

from manyminds.core import BadInput, EndpointDown, Form, NoAnswer, Pattern, Real, Refused, Whole
from manyminds.models.ask import ask
from manyminds.models.dialect import Dialect, strict_schema
from manyminds.models.door import Budget, Door, Patience
from manyminds.models.endpoint import Endpoint, cut, retry_after
from manyminds.models.load import load, prices
from manyminds.models.purse import money_in_words
from manyminds.models.request import Request, user

QUICK = Patience(tries=3, first_wait=0.001, longest_wait=0.01)


class Plan(BaseModel):
    """A form with what strict servers refuse: bounds, defaults, an optional field."""

    catch: int = Field(ge=0, le=9, description="tonnes")
    why: str = "no reason"
    partner: str | None = None


def request(**options):
    return Request((user("how many?"),), **options)


def refused(message, param=None, code=None, status=400):
    return status, {"error": {"message": message, "param": param, "code": code}}


def answering(text="Answer: 4", finish="stop", usage=True, logprobs=None, **message):
    choice = {"index": 0, "message": {"role": "assistant", "content": text} | message, "finish_reason": finish}
    if logprobs:
        choice["logprobs"] = {"content": logprobs}
    counted = {"usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}} if usage else {}
    return 200, {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]} | counted


async def met(special, *requests, **options):
    """What an endpoint answers to requests, one after the other, and all bodies that its server saw."""
    bodies = []

    def noted(body):
        bodies.append(body)
        return special(body)

    with serving(lambda m: "Answer: 4", special=noted) as server:
        endpoint = Endpoint(server.url, "m", **options)
        try:
            return [await endpoint.complete(each) for each in requests], bodies
        finally:
            await endpoint.close()


# Servers in the words of real ones: what they refuse, and the field that is then sent otherwise.
PICKY = {
    "reasoning model": (
        lambda b: (
            refused("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
                    "instead.", "max_tokens", "unsupported_parameter") if "max_tokens" in b
            else refused("Unsupported value: 'temperature' does not support 0.0 with this model. Only the default (1) "
                         "value is supported.", "temperature", "unsupported_value") if "temperature" in b else None
        ),
        {}, {"max_completion_tokens"}, {"max_tokens", "temperature"}, 3,
    ),
    "no seed": (lambda b: refused("Extra inputs are not permitted: seed", status=422) if "seed" in b else None,
                {"seed": 3}, set(), {"seed"}, 2),
    "no stop": (lambda b: refused("unknown field `stop`") if "stop" in b else None,
                {"stop": (":",)}, set(), {"stop"}, 2),
    "one of two": (lambda b: refused("`temperature` and `top_p` cannot both be specified", "top_p")
                   if "top_p" in b else None, {"top_p": 0.9}, {"temperature"}, {"top_p"}, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", PICKY)
async def test_what_a_server_does_not_take_is_left_out_and_remembered(name):
    special, options, sent, missing, tries = PICKY[name]
    said, bodies = await met(special, request(**options), request(repeat="2", **options))
    assert [each.text for each in said] == [cut("Answer: 4", options.get("stop", ()))] * 2
    assert len(bodies) == tries + 1  # learned once
    assert sent <= bodies[-1].keys() and not missing & bodies[-1].keys()


SHAPES = {
    "nothing refused": (lambda b: None, ["full"]),
    "bounds refused": (
        lambda b: refused("Invalid schema for response_format 'answer': 'minimum' is not permitted")
        if "minimum" in json.dumps(b.get("response_format", "")) else None,
        ["full", "strict"],
    ),
    "schemas refused": (
        lambda b: refused("response_format.type must be text or json_object", "response_format")
        if (b.get("response_format") or {}).get("type") == "json_schema" else None,
        ["full", "strict", "object"],
    ),
    "formats refused": (
        lambda b: refused("response_format is not supported") if "response_format" in b else None,
        ["full", "strict", "object", "words"],
    ),
    "grammar breaks": (lambda b: refused("failed to parse grammar", status=500) if "response_format" in b else None,
                       ["full", "strict", "object", "words"]),
}  # fmt: skip


def shape_of(body):
    form = body.get("response_format")
    if form is None:
        return "words"
    return "object" if form["type"] == "json_object" else "strict" if form["json_schema"].get("strict") else "full"


@pytest.mark.parametrize("name", SHAPES)
async def test_an_output_is_asked_for_in_the_best_way_left(name):
    special, shapes = SHAPES[name]

    def server(body):
        return special(body) or answering('{"catch": 4, "why": "", "partner": null}')

    said, bodies = await met(server, request(output=Form(Plan)), request(output=Form(Plan), repeat="2"))
    assert [shape_of(body) for body in bodies] == [*shapes, shapes[-1]]
    assert Form(Plan).parse(said[1].text).catch == 4


async def test_a_strict_answer_is_still_validated():
    def server(body):
        return None if shape_of(body) != "full" else refused("schema not supported")

    with serving(lambda m: '{"catch": 99, "why": "", "partner": null}', special=server) as fake:
        endpoint = Endpoint(fake.url, "m")
        asked = await ask(endpoint, request(output=Form(Plan)), tries=2)
        await endpoint.close()
    assert isinstance(asked.value, NoAnswer) and "catch" in asked.invalid[0]


def test_a_strict_schema_requires_everything_and_keeps_to_the_subset():
    strict = strict_schema(Form(Plan).schema())
    assert strict["required"] == ["catch", "why", "partner"] and strict["additionalProperties"] is False
    assert strict["properties"]["catch"] == {"type": "integer", "description": "tonnes; at least 0; at most 9"}
    assert strict_schema(Whole(0, 5).schema())["required"] == ["reasoning", "answer"]
    written = json.dumps(strict_schema(Real(0, 5).schema()))
    assert not any(word in written for word in ("minimum", "maximum", "default", "title"))

    class Free(BaseModel):
        votes: dict[str, int]

    assert strict_schema(Form(Free).schema()) is None  # free keys cannot be said; the next way is taken


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("This model's maximum context length is 4096 tokens; you asked for 9000 (8000 of messages, 1000 max_tokens)",
         "messages"),
        ("temperature must be at most 2", "temperature"),
        ("the image is not supported", None),
    ],
)  # fmt: skip
async def test_another_refusal_is_final_and_the_request_is_not_bent(message, param):
    bodies = []
    with pytest.raises(Refused, match=message[:20]):
        await met(lambda b: bodies.append(b) or refused(message, param), request())
    assert len(bodies) == 1


async def test_calls_in_flight_learn_at_the_same_time():
    special = PICKY["reasoning model"][0]
    with serving(lambda m: "x", special=special, delay=0.02) as server:
        endpoint = Endpoint(server.url, "m")
        said = await asyncio.gather(*(endpoint.complete(request(repeat=str(i))) for i in range(8)))
        await endpoint.close()
    assert [each.text for each in said] == ["x"] * 8
    assert endpoint.dialect == Dialect(limit="max_completion_tokens", dropped=frozenset({"temperature"}))


async def test_dialects_of_one_server_merge_to_what_both_have_left():
    one = Dialect(shapes=("strict", "words"), dropped=frozenset({"seed"}))
    other = Dialect(limit="max_completion_tokens", dropped=frozenset({"stop"}))
    both = Dialect(("strict", "words"), "max_completion_tokens", frozenset({"seed", "stop"}))
    assert one.merged(other) == other.merged(one) == both


async def test_a_refusal_and_a_filter_are_refusals_and_an_empty_answer_is_an_answer():
    for reply, reason in ((answering(None, refusal="I will not"), "I will not"),
                          (answering(None, "content_filter"), "content filter")):  # fmt: skip
        with pytest.raises(Refused, match=reason):
            await met(lambda b, reply=reply: reply, request())
    (spent,), _ = await met(lambda b: answering(None, "length", reasoning_content="hm"), request())
    assert (spent.text, spent.finish) == ("", "length")  # all its tokens went into thoughts
    (empty,), _ = await met(lambda b: answering(""), request())
    assert empty.text == "" and empty.finish == "stop"
    (parts,), _ = await met(
        lambda b: answering([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]), request()
    )
    assert parts.text == "ab"


@pytest.mark.parametrize("reply", [{}, {"choices": []}, {"choices": [{"message": {"content": 3}}]}, [], "text"])
async def test_a_reply_in_another_form_is_a_fault(reply):
    with serving(lambda m: "x", special=lambda b: (200, reply)) as server:
        endpoint = Endpoint(server.url, "m")
        door = Door(patience=QUICK)
        with pytest.raises(EndpointDown, match="malformed reply"):
            await door.open(endpoint).complete(request())
        await endpoint.close()
    assert door.totals.faults == {"malformed reply": QUICK.tries}


async def test_log_probabilities_come_or_are_refused():
    logged = [{"token": "4", "logprob": -0.5}, {"token": "!", "logprob": -1.5}]
    (said,), bodies = await met(lambda b: answering(logprobs=logged), request(logprobs=True))
    assert said.logprobs == (("4", -0.5), ("!", -1.5)) and bodies[0]["logprobs"] is True
    for server in (lambda b: refused("logprobs is not supported"), lambda b: answering()):
        with pytest.raises(Refused, match="no log-probabilities"):
            await met(server, request(logprobs=True))


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(404, None, BadInput), (400, "model_not_found", BadInput), (403, None, BadInput), (402, None, EndpointDown),
     (429, "insufficient_quota", EndpointDown), (413, None, Refused)],
)  # fmt: skip
async def test_what_no_retry_can_mend_stops_at_once(status, code, error):
    """A wrong name or an empty account must not become the silence of all agents."""
    with pytest.raises(error):
        await met(lambda b: refused("no", code=code, status=status), request())


@pytest.mark.parametrize("fault", ["hang", "trickle"])
async def test_a_connection_that_hangs_is_a_counted_timeout(fault):
    with serving(lambda m: "x", plan=lambda n, b: fault if n == 0 else None) as server:
        endpoint = Endpoint(server.url, "m", timeout=1.0)
        door = Door(patience=QUICK)
        assert (await door.open(endpoint).complete(request())).text == "x"
        await endpoint.close()
    assert door.totals.faults == {"timeout": 1}


async def test_a_server_that_asks_for_a_pause_gets_it_from_all_calls():
    seen = []

    def special(body):
        seen.append(asyncio.get_running_loop().time())
        return (*refused("slow down", status=429), "Retry-After: 0.3\r\n") if len(seen) == 1 else None

    with serving(lambda m: "x", special=special) as server:
        endpoint = Endpoint(server.url, "m")
        door = Door(patience=QUICK, concurrency=2)
        await asyncio.gather(*(door.open(endpoint).complete(request(repeat=str(i))) for i in range(2)))
        first, *rest = seen
        seen.clear()
        with pytest.raises(EndpointDown, match="asks for a pause of"):
            await Door(patience=Patience(longest_pause=0.1)).open(endpoint).complete(request())
        await endpoint.close()
    assert len(rest) == 2 and rest[-1] - first >= 0.29


def test_retry_after_as_seconds_milliseconds_and_date():
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after-ms": "1500", "retry-after": "7"}) == 1.5
    assert 57 < retry_after({"retry-after": in_a_minute}) <= 60
    assert retry_after({"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT"}) == 0
    assert retry_after({"retry-after": "soon"}) is None and retry_after({}) is None


async def test_money_is_counted_and_an_unknown_price_is_not_zero(monkeypatch):
    monkeypatch.setenv("MANYMINDS_PRICES", "m=2/10, other=0/0")
    with serving(lambda m: "x", special=lambda b: answering()) as server:
        for name, money, unpriced in (("m", (10 * 2 + 5 * 10) / 1e6, 0), ("other", 0, 0), ("unknown", 0, 1)):
            model = load(f"{server.url}#{name}")
            door = Door()
            await door.open(model).complete(request())
            assert (door.totals.money, door.totals.unpriced) == (pytest.approx(money), unpriced)
            await model.close()
    assert money_in_words(door.totals.money, door.totals.calls, door.totals.unpriced) == "$0.00 (no price known)"
    assert money_in_words(1.5, 12, 3) == "$1.50 (and 3 calls without a known price)"
    with pytest.raises(BadInput, match="MANYMINDS_PRICES"):
        Door(budget=Budget(money=5)).open(model)


@pytest.mark.parametrize("text", ["m", "m=1", "=1/2", "m=1/-2", "m=a/b"])
def test_a_price_that_is_not_clear_is_refused(monkeypatch, text):
    monkeypatch.setenv("MANYMINDS_PRICES", text)
    with pytest.raises(BadInput, match="write 'NAME=IN/OUT'"):
        prices()


async def test_a_server_that_does_not_count_is_estimated(caplog):
    (said,), _ = await met(lambda b: answering("four words are here", usage=False), request())
    assert (said.usage.prompt_tokens, said.usage.completion_tokens) == (2, 4)
    assert "does not count tokens" in caplog.text


def test_an_action_without_a_schema_is_told_in_words():
    assert "response_format" not in Dialect().body(request(output=Pattern("a+")), "m")
