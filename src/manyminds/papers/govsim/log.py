"""Logs in the form that the paper's authors released: read, written, checked against the rules, and played again.

A log is a JSON list of records of four kinds of `action`: harvesting, utterance, conversation_summary and
conversation_resource_limit. What the form has no place for (who speaks next, why an answer is missing) goes into
further fields, so that a log of ours can be played again to the letter; logs without them are read as well.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator

from manyminds.core import BadInput, Happening, NoAnswer, Seeds, Trajectory, View, Whole, play
from manyminds.worlds.games.commons import CLERK, Commons, Outcome, fair_share

FRAMEWORK = "framework"  # whoever is no member: the moderator, the clerk
OPENING = -1  # the round of a meeting before the first harvest


class Record(BaseModel, frozen=True):
    """One line of a log. `resource_limit` is None where no limit was agreed on."""

    model_config = ConfigDict(extra="ignore")
    agent_id: str
    round: int  # from 0
    action: Literal["harvesting", "utterance", "conversation_summary", "conversation_resource_limit"]
    resource_in_pool_before_harvesting: int | None = None
    resource_in_pool_after_harvesting: int | None = None
    wanted_resource: int | None = None
    resource_collected: int | None = None
    utterance: str | None = None
    resource_limit: int | None = None
    summary: str | None = None
    next_speaker: str | None = None
    conclude: bool | None = None
    proposed_limit: int | None = None
    no_answer: str | None = None

    @model_validator(mode="after")
    def harvests_have_numbers(self) -> "Record":
        numbers = (self.resource_in_pool_before_harvesting, self.resource_in_pool_after_harvesting,
                   self.wanted_resource, self.resource_collected)  # fmt: skip
        if self.action == "harvesting" and None in numbers:
            raise ValueError("a harvest needs the pool before and after it, what was wanted and what was collected")
        return self


def read_log(path: Path) -> list[Record]:
    """The records of a released log or of one of ours; the first that does not fit is named by its number."""
    try:
        return TypeAdapter(list[Record]).validate_json(path.read_bytes())
    except OSError as error:
        raise BadInput(f"the log {path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ", ".join(str(part) for part in first["loc"])
        raise BadInput(f"{path} is not a log of the commons; record {where or '?'}: {first['msg']}") from None


def write_log(records: Iterable[Record], path: Path) -> None:
    path.write_text(json.dumps([record.model_dump() for record in records], indent=1), encoding="utf-8")


def records_of(lines: Iterable[Happening]) -> list[Record]:
    """The log of a play from its trajectory."""
    found: list[Record] = []
    harvested, ended = 0, 0  # months begun and over
    for line in lines:
        data, at = line.data, ended if harvested > ended else OPENING
        if line.kind == "harvest":
            harvested += 1
            found += [harvest(who, ended, data) for who in data["collected"]]
        elif line.kind == "report":
            found.append(Record(agent_id=FRAMEWORK, round=at, action="utterance", utterance=line.text))
        elif line.kind == "utterance":
            kept = {name: data[name] for name in ("utterance", "next_speaker", "conclude", "proposed_limit")}
            found.append(Record(agent_id=data["speaker"], round=at, action="utterance", **kept))
        elif line.kind == "silence":
            said = {"utterance": "", "no_answer": data["reason"]}
            found.append(Record(agent_id=data["speaker"], round=at, action="utterance", **said))
        elif line.kind == "minutes":
            kept = {"resource_limit": data["limit"], "no_answer": data.get("reason")}
            summary = data.get("summary")
            found.append(Record(agent_id=FRAMEWORK, round=at, action="conversation_summary", summary=summary, **kept))
            found.append(Record(agent_id=FRAMEWORK, round=at, action="conversation_resource_limit", **kept))
        ended += line.kind == "month"
    return found


def harvest(who: str, month: int, data: Mapping[str, Any]) -> Record:
    return Record(
        agent_id=who, round=month, action="harvesting", resource_in_pool_before_harvesting=data["pool"],
        resource_in_pool_after_harvesting=data["left"], wanted_resource=data["wanted"][who],
        resource_collected=data["collected"][who], no_answer=data["silent"].get(who),
    )  # fmt: skip


def months_of(records: Sequence[Record]) -> list[list[Record]]:
    """The harvests by month."""
    harvests = [record for record in records if record.action == "harvesting"]
    return [[h for h in harvests if h.round == month] for month in sorted({h.round for h in harvests})]


def violations(records: Sequence[Record], world: Commons) -> list[str]:
    """Where a log breaks the rules of a world: each as one sentence; none in a sound log."""
    found, expected = [], world.full
    for harvests in months_of(records):
        month, before = harvests[0].round + 1, harvests[0].resource_in_pool_before_harvesting or 0
        after = harvests[0].resource_in_pool_after_harvesting
        wanted = [min(max(h.wanted_resource or 0, 0), before) for h in harvests]
        got = [h.resource_collected or 0 for h in harvests]
        if before != expected:
            found.append(f"month {month} begins with {before}, not with {expected}")
        found += [f"month {month}: {h.agent_id} collected {g} and wanted {w}"
                  for h, w, g in zip(harvests, wanted, got) if g > w]  # fmt: skip
        if sum(got) != min(sum(wanted), before):
            found.append(f"month {month}: {sum(got)} collected, where {sum(wanted)} of {before} were wanted")
        if after != before - sum(got):
            found.append(f"month {month} leaves {after}, not {before - sum(got)}")
        left = before - sum(got)
        expected = grown(left, world) if left >= max(world.dead, 1) else -1
    return found


def grown(left: int, world: Commons) -> int:
    """The pool of the next month, where it lives."""
    return min(world.growth * left, world.full if world.cap is None else world.cap)


def outcome_of(records: Sequence[Record], world: Commons) -> Outcome:
    """What is measured of a log, as of a play."""
    months = months_of(records)
    takes = [{h.agent_id: h.resource_collected or 0 for h in month} for month in months]
    pools = [month[0].resource_in_pool_before_harvesting or 0 for month in months]
    mute = [[h.agent_id for h in month if h.no_answer] for month in months]
    left = months[-1][-1].resource_in_pool_after_harvesting or 0 if months else world.full
    alive = left >= max(world.dead, 1)
    limits = {r.round: r.resource_limit for r in records if r.action == "conversation_resource_limit"}
    members = list(dict.fromkeys(h.agent_id for month in months for h in month))
    spoken = [r for r in records if r.action == "utterance" and r.agent_id in members]
    wanted = [{h.agent_id: h.wanted_resource or 0 for h in month} for month in months]
    over = sum(n > fair_share(pool, len(month)) for pool, month in zip(pools, takes) for n in month.values())
    return Outcome(
        months=len(months), alive=alive,
        gains={who: sum(month.get(who, 0) for month in takes) for who in members}, pools=pools, wishes=wanted,
        takes=takes, limits=[limits.get(month[0].round - 1) for month in months], over_usage=over,
        harvests=sum(map(len, takes)), mute=mute, utterances=len(spoken), clipped=0,
        silent=sum(map(len, mute)), strangers=0, left=grown(left, world) if months and alive else left,
    )  # fmt: skip


# ---- playing again


def month_in(view: View) -> int:
    """The round that a view belongs to; the meeting on the first day of a month is the one before the first harvest."""
    talk = not isinstance(view.action, Whole)
    return OPENING if talk and view.data.today.day == 1 else view.data.month - 1


@dataclass(frozen=True)
class Replays:
    """A seat that does what the log says, month by month and line by line."""

    records: tuple[Record, ...]
    kind = "rule"

    async def act(self, view: View) -> Any:
        now = [record for record in self.records if record.round == month_in(view)]
        if isinstance(view.action, Whole):
            record = next(r for r in now if r.action == "harvesting" and r.agent_id == view.seat)
            return NoAnswer(record.no_answer) if record.no_answer else record.wanted_resource
        said = [r for r in now if r.action == "utterance" and r.agent_id != FRAMEWORK]
        at = len(view.data.said)
        record, last = said[at], at + 1 == len(said)
        if record.no_answer:
            return NoAnswer(record.no_answer)
        following = record.next_speaker
        if following is None:
            following = "" if last else said[at + 1].agent_id
        return {"response": record.utterance, "conclude": last if record.conclude is None else record.conclude,
                "next_speaker": following, "proposed_limit": record.proposed_limit}  # fmt: skip


@dataclass(frozen=True)
class ReplaysMinutes:
    """A clerk that writes what the log says; it is asked once a talk, in the order of the talks."""

    records: tuple[Record, ...]
    opening: bool  # was there a meeting before the first harvest?
    kind = "rule"

    async def act(self, view: View) -> Any:
        first = self.opening and view.turn == len(view.data.said)  # nothing happened yet but the talk
        month = OPENING if first else view.data.month - 1
        record = next(r for r in self.records if r.action == "conversation_summary" and r.round == month)
        if record.no_answer:
            return NoAnswer(record.no_answer)
        return {"summary": record.summary or "", "limit": record.resource_limit}


async def played_again(records: Sequence[Record], world: Commons, seeds: Seeds) -> list[Record]:
    """The log of `world` when every seat does what `records` say; with the seeds of the play, dice fall as they did.

    A log without utterances is played in a world without talk.
    """
    kept = tuple(records)
    agents: dict[str, Any] = dict.fromkeys(world.members, Replays(kept))
    agents[CLERK] = ReplaysMinutes(kept, world.opening_meeting)
    lines = Trajectory()
    played = await play(world, agents, seeds, lines)
    if played.ending != "finished":
        raise BadInput(f"the log cannot be played in this world: {played.reason}")
    return records_of(lines)
