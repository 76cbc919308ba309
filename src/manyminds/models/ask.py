"""Ask a model until its answer is legal: validate, ask again with the reason, at most a few times, and count."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import msgspec

from manyminds.core.actions import Invalid, NoAnswer, Text
from manyminds.core.errors import Refused
from manyminds.models.request import Message, Model, Request, user


@dataclass(frozen=True)
class Asked:
    """The legal value or `NoAnswer`, all texts that came, and why each but the last was not accepted."""

    value: Any
    texts: tuple[str, ...]
    invalid: tuple[str, ...] = ()


async def ask(model: Model, request: Request, tries: int = 3, counter: Counter[str] | None = None) -> Asked:
    """The answer of `model` to `request` as the type that `request.output` names (text when it names none).

    The instruction of the output is added to the last message. Every answer that is not legal is counted in `counter`,
    by its reason up to the first colon or bracket, and in the totals of the door that the model stands behind.
    """
    counters = [count for count in (counter, getattr(model, "invalid", None)) if count is not None]
    output = request.output or Text(limit=1_000_000)
    *before, last = request.messages
    instruction = request.output.instruction() if request.output else ""
    told = Message(last.role, f"{last.content}\n\n{instruction}") if instruction else last
    messages = (*before, told)
    texts: list[str] = []
    invalid: list[str] = []
    for _ in range(tries):
        try:
            completion = await model.complete(msgspec.structs.replace(request, messages=messages))
        except Refused as refusal:
            for count in counters:
                count["refused"] += 1
            return Asked(NoAnswer(f"refused: {refusal}"), tuple(texts), tuple(invalid))
        texts.append(completion.text)
        try:
            return Asked(output.parse(completion.text), tuple(texts), tuple(invalid))
        except Invalid as error:
            reason = str(error)
            if completion.finish == "length":
                reason = f"the answer was cut off at its maximal length; {error}"
            invalid.append(reason)
            for count in counters:
                count[reason.partition("(")[0].partition(":")[0].strip()] += 1
        again = f"That cannot be used: {reason}. Please answer again. {output.instruction()}"
        messages = (*messages, Message("assistant", completion.text or "(empty)"), user(again))
    return Asked(NoAnswer(f"no legal answer: {invalid[-1]}", texts[-1][:200]), tuple(texts), tuple(invalid))
