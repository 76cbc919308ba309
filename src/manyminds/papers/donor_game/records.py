"""Run files of the donor game: settings and one record an agent and round, as the released code writes them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from manyminds.core import BadInput
from manyminds.core.welfare import equality
from manyminds.learning.culture import Generation, Member, Trial, average, mutation_bias, selection_differential
from manyminds.worlds.games.gift import Gift, said


class Round(BaseModel):
    """One agent in one round. `resources` are those after it; other fields of a file are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    agent_name: str
    round_number: int
    game_number: int
    paired_with: str
    current_generation: int
    resources: float
    donated: float
    received: float
    is_donor: bool
    strategy: str = ""
    strategy_justification: str = ""
    justification: str = ""
    punished: bool = False
    traces: list[Any] = []


class RunFile(BaseModel):
    """A whole file."""

    hyperparameters: dict[str, Any]
    agents_data: list[Round]


def read(path: Path) -> RunFile:
    """The run in a file; what does not have this form is refused with the place."""
    try:
        return RunFile.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, ValidationError) as error:
        first = error.errors(include_url=False)[0] if isinstance(error, ValidationError) else None
        where = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else str(error)
        raise BadInput(f"{path} is not a run of the donor game: {where}") from None


def write(path: Path, lived: Sequence[Generation], worlds: Sequence[Gift], selection: str) -> None:
    """The run in the same form."""
    first = worlds[0] if worlds else None
    settings = {} if first is None else {
        "numGenerations": len(lived), "numAgents": len(first.players), "initialEndowment": first.endowment,
        "selectionMethod": {"truncation": "top"}.get(selection, selection), "cooperationGain": first.multiplier,
        "punishment_mechanism": "costly_punishment" if first.punishment else
        "partner_choice" if first.partner_choice else "none", "number_of_rounds": len(first.rounds),
    }  # fmt: skip
    rows = [row for generation, world in zip(lived, worlds) for row in rows_of(generation, world)]
    path.write_text(json.dumps({"hyperparameters": settings, "agents_data": rows}, indent=1), encoding="utf-8")


def rows_of(generation: Generation, world: Gift) -> list[dict[str, Any]]:
    members = {member.name: member for member in generation.members}
    rows = []
    for each in generation.tested.seen.encounters:
        for name, partner, gives in ((each.donor, each.recipient, True), (each.recipient, each.donor, False)):
            rows.append({
                "agent_name": name, "round_number": each.round, "game_number": each.game, "paired_with": partner,
                "current_generation": generation.number,
                "resources": each.donor_left if gives else each.recipient_left,
                "donated": each.amount if gives else 0.0, "received": 0.0 if gives else each.received,
                "strategy": members[name].strategy, "strategy_justification": members[name].justification,
                "is_donor": gives, "traces": [said(act) for act in each.trace] if gives else [],
                "justification": each.justification if gives else "", "punished": gives and each.kind == "punished",
            })  # fmt: skip
    return rows


def generations(run: RunFile) -> list[Generation]:
    """The generations of a file, with what each member ended with and gave; survivors are who lived on.

    What a donor owned before is followed from its last record, because an impossible amount is on file as given
    although nothing moved. Donors who owned nothing do not count.
    """
    endowment = float(run.hyperparameters.get("initialEndowment", 10))
    finals: dict[int, dict[str, dict[int, float]]] = {}
    given: dict[int, dict[str, list[float]]] = {}
    strategies: dict[str, str] = {}
    owned: dict[tuple[int, int, str], float] = {}
    ordered = sorted(run.agents_data, key=lambda row: (row.current_generation, row.game_number, row.round_number))
    for row in ordered:
        place = (row.current_generation, row.game_number, row.agent_name)
        before = owned.get(place, endowment)
        owned[place] = row.resources
        strategies[row.agent_name] = row.strategy
        finals.setdefault(row.current_generation, {}).setdefault(row.agent_name, {})[row.game_number] = row.resources
        if row.is_donor and before > 0:
            possible = 0.0 if row.punished or row.donated > before * (1 + 1e-9) else row.donated / before
            given.setdefault(row.current_generation, {}).setdefault(row.agent_name, []).append(possible)
    numbers = sorted(finals)
    found = []
    for number in numbers:
        scores = {name: sum(games.values()) / len(games) for name, games in finals[number].items()}
        trait = {name: sum(f) / len(f) for name, f in given.get(number, {}).items()}
        members = tuple(Member(name, strategies[name], birth(name, number)) for name in scores)
        survivors = tuple(name for name in scores if name in finals.get(number + 1, {}))
        found.append(Generation(number, members, Trial(scores, trait), survivors))
    return found


def birth(name: str, number: int) -> int:
    """The generation in which an agent was born, which its name begins with."""
    start = name.partition("_")[0]
    return int(start) if start.isdigit() else number


def summary(run: RunFile) -> list[dict[str, Any]]:
    """One row a generation: resources, donation, selection differential, mutation bias, Gini, share punished."""
    rows = []
    for generation in generations(run):
        names = [member.name for member in generation.members]
        acts = [r for r in run.agents_data if r.is_donor and r.current_generation == generation.number]
        fair = equality(list(generation.tested.scores.values()))
        rows.append({
            "generation": generation.number, "resources": average(generation.tested.scores, names),
            "donation": average(generation.tested.trait, names),
            "differential": selection_differential(generation), "bias": mutation_bias(generation),
            "gini": None if fair is None else 1 - fair,
            "rates": {"punished": sum(r.punished for r in acts) / max(len(acts), 1)},
            "donations": dict(generation.tested.trait), "survivors": list(generation.survivors),
        })  # fmt: skip
    return rows
