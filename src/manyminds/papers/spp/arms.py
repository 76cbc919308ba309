"""Six methods, with and without a system message, on one item each: what is asked, what came back, what it scores."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel

from manyminds.conversations.methods import Method, Minds, Question
from manyminds.conversations.plain import ChainOfThought, Direct
from manyminds.conversations.solo import FINAL, SelfRefine, Solo, final_answer, read
from manyminds.core import Refused
from manyminds.core.actions import ANSWER_MARK
from manyminds.models.metered import Exchange, Metered
from manyminds.models.request import Completion, Model, Request, system
from manyminds.papers.spp import tasks
from manyminds.papers.spp.published import METHODS
from manyminds.worlds.texts.codenames import Game, illegal
from manyminds.worlds.texts.trivia_stories import Story

HELPER = "You help people find information."
FILE = "instances.jsonl"


class Row(BaseModel, frozen=True):
    """One item answered by one method. `hits` of `of` by the paper's rule, `strict` by the stricter one; a reply that
    could not be parsed is scored as a whole, which `parsed` tells (Codenames: that of the guesser)."""

    task: str
    item: str
    method: str
    system: bool
    hits: int
    strict: int
    of: int
    parsed: bool
    calls: int
    prompt_tokens: int
    completion_tokens: int
    participants: int = 0
    turns: int = 0
    problems: dict[str, int] = {}


@dataclass(frozen=True)
class Told:
    """A model that is told a system message first."""

    model: Model
    message: str

    @property
    def name(self) -> str:
        return self.model.name

    async def complete(self, request: Request) -> Completion:
        messages = (system(self.message), *request.messages)
        return await self.model.complete(msgspec.structs.replace(request, messages=messages))


@dataclass(frozen=True)
class Settings:
    temperature: float = 0.0
    max_tokens: int = 5000
    demonstrations: int = 2


def method_of(name: str, free: bool, settings: Settings) -> Method:
    """A method by the paper's name; `free`: the whole reply of the plain ones is the answer (stories)."""
    told: dict[str, Any] = {"temperature": settings.temperature, "max_tokens": settings.max_tokens}
    if name == "standard":
        return Direct(style="free" if free else "marked", **told)
    if name == "cot":
        return ChainOfThought(style="marked", **told)
    if name == "self_refine":
        return SelfRefine(style="free" if free else "marked", **told)
    variants = {"spp": "spp", "spp_profile": "profile", "spp_fixed_persona": "fixed"}
    return Solo(variants[name], settings.demonstrations, **told)  # type: ignore[arg-type]


def parsed(name: str, free: bool, text: str) -> tuple[str, bool]:
    """(the answer in a reply, whether its mark was found); without a mark all of the reply."""
    if name.startswith("spp"):
        return final_answer(text, FINAL)
    if free and name != "cot":
        return text.strip(), True
    return final_answer(text, ANSWER_MARK)


async def answered(name: str, free: bool, question: Question, model: Model, settings: Settings, repeat: str,
                   problems: Counter[str]) -> tuple[str, bool, str]:  # fmt: skip
    """(answer, parsed, reply); what the model would not serve is an empty answer that is counted."""
    try:
        reply = await method_of(name, free, settings)(question, Minds(model), repeat)
    except Refused:
        problems["refused"] += 1
        return "", False, ""
    text = reply.said[-1].text
    answer, ok = parsed(name, free, text)
    if name.startswith("spp"):
        problems.update(read(text).problems)
    elif not ok:
        problems["no answer marked"] += 1
    return answer, ok, text


async def instance(item: tasks.Item, name: str, told: bool, model: Model, settings: Settings, repeat: str,
                   folder: Path | None = None) -> Row:  # fmt: skip
    """One item by one method; its line goes to `folder` as soon as it is there."""
    meter, problems = Metered(model), Counter[str]()
    mind = Told(meter, HELPER) if told else meter
    more: dict[str, Any] = {}
    repeat = f"{repeat}/{tasks.kind(item)}/{item.id}/{name}/{'system' if told else 'plain'}"
    if isinstance(item, Game):
        text, first, _ = await answered(name, False, tasks.spymaster(item), mind, settings, f"{repeat}/hint", problems)
        hint = tasks.hint_of(text)
        problems.update(f"hint: {why}" for why in illegal(hint, item.words))
        more = {"hint": hint, "hint_parsed": first}
        question = tasks.guesser(item, hint)
    else:
        question = tasks.story(item) if isinstance(item, Story) else tasks.grid(item)
    answer, ok, text = await answered(name, isinstance(item, Story), question, mind, settings, repeat, problems)
    score = tasks.scored(item, answer)
    if score.note:
        problems[score.note] += 1
    seen = read(text) if name.startswith("spp") else None
    spent = meter.spent
    row = Row(task=tasks.kind(item), item=item.id, method=name, system=told, hits=score.hits, strict=score.strict,
              of=score.of, parsed=ok, calls=spent.calls, prompt_tokens=spent.prompt_tokens,
              completion_tokens=spent.completion_tokens, participants=len(seen.participants) if seen else 0,
              turns=len(seen.turns) if seen else 0, problems=dict(problems))  # fmt: skip
    if folder is not None:
        exchange = [logged(one) for one in meter.exchanges]
        line = row.model_dump() | more | {"model": model.name, "parsed": answer, "parse_ok": ok,
                                          "metric": row.hits / row.of, "exchange": exchange}  # fmt: skip
        with (folder / FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    return row


def logged(exchange: Exchange) -> dict[str, Any]:
    """A call as the log of instances has it."""
    asked, found = exchange
    return {"prompt": [msgspec.structs.asdict(message) for message in asked.messages], "raw": found.text,
            "prompt_tokens": found.usage.prompt_tokens, "completion_tokens": found.usage.completion_tokens}  # fmt: skip


def in_order(folder: Path) -> None:
    """Sort the lines of a finished run, which were written as they came."""
    lines = (folder / FILE).read_text("utf-8").splitlines()
    places = ("task", "item", "method", "system")
    lines.sort(key=lambda line: [str(json.loads(line)[place]) for place in places])
    (folder / FILE).write_text("".join(f"{line}\n" for line in lines), "utf-8")


def calls_of(name: str, task: str) -> int:
    """What one item costs in calls: SPP 1, Self-Refine 3, both twice in Codenames."""
    if name not in METHODS:
        raise KeyError(name)
    return (3 if name == "self_refine" else 1) * (2 if task == "codenames" else 1)
