"""A user's instance: read, solved, certified, and written down as a mechanism with a contract for every agent."""

import json
from pathlib import Path

import numpy as np

from manyminds.core import BadInput
from manyminds.papers.hiring_agents.experiments import by_cap
from manyminds.papers.hiring_agents.rows import Solved
from manyminds.theory.hiring import Instance, Mechanism, best_deterministic, solve
from manyminds.theory.hiring_checks import check
from manyminds.theory.hiring_instances import from_plain, plain_mechanism
from manyminds.worlds.games.hiring import Hiring, Words, plain_words


def read(path: Path) -> tuple[Instance, Words]:
    """The instance in a JSON file, and the names in it, if any: agents, efforts, signals, states. Raises `BadInput`."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"the instance {path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise BadInput(f"the instance {path} is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise BadInput(f"the instance {path} must be an object with prior, law, costs, utility and cap")
    try:
        instance = from_plain(values)
        return instance, named(instance, values.get("names"))
    except ValueError as error:
        raise BadInput(f"{path}: {error}") from None


def named(instance: Instance, names: object) -> Words:
    """The words of an instance; ValueError if they do not fit it."""
    words = plain_words(instance)
    if names is None:
        return words
    if not isinstance(names, dict) or set(names) != {"agents", "efforts", "signals", "states"}:
        raise ValueError("names must hold agents, efforts, signals and states")
    given = Words(tuple(names["agents"]), tuple(map(tuple, names["efforts"])), tuple(map(tuple, names["signals"])),
                  tuple(names["states"]))  # fmt: skip
    shapes = [(len(w.agents), *map(len, w.efforts), *map(len, w.signals), len(w.states)) for w in (given, words)]
    if shapes[0] != shapes[1]:
        raise ValueError("names do not fit the instance: one for each agent, effort, signal and state")
    return given


def first_best(instance: Instance) -> float:
    """The value if effort could be seen and bought at its cost."""
    totals = instance.values.copy()
    for i, costs in enumerate(instance.costs):
        totals -= np.reshape(costs, [-1 if axis == i else 1 for axis in range(instance.agents)])
    return float(totals.max())


def solved(path: Path, folder: Path) -> Solved:
    """Solve the instance in a file; leaves `mechanism.json` and `contracts.md` in `folder`."""
    instance, words = read(path)
    mechanism = solve(instance)
    found = check(instance, mechanism)
    row = Solved(
        file=path.name, agents=instance.agents, value=mechanism.value, dual=mechanism.dual, checked_value=found.value,
        slack=found.slack, deviations=found.deviations, certified=found.holds(1e-8),
        deterministic=best_deterministic(instance).value,
        uncorrelated=best_deterministic(instance, others_reports=False).value, first_best=first_best(instance),
        paid=mechanism.paid.tolist(), note=mechanism.note, caps=by_cap(instance),
    )  # fmt: skip
    certificate = {"slack": found.slack, "deviations_tried": found.deviations, "holds": row.certified,
                   "value_checked": found.value, "dual_value": mechanism.dual}  # fmt: skip
    written = plain_mechanism(mechanism) | {"certificate": certificate}
    (folder / "mechanism.json").write_text(json.dumps(written, indent=1), encoding="utf-8")
    (folder / "contracts.md").write_text(contracts(instance, mechanism, words), encoding="utf-8")
    return row


def contracts(instance: Instance, mechanism: Mechanism, words: Words) -> str:
    """The readable contract of every agent on every recommendation that is ever made."""
    world, parts = Hiring(instance, mechanism, words), ["# Contracts"]
    if mechanism.note:
        parts.append(f"Note: {mechanism.note}.")
    for (i, told), text in world.contracts.items():
        chance = float(np.take(mechanism.mu, told, axis=i).sum())
        parts += [f"## {words.agents[i]}, advised: {words.efforts[i][told]} (probability {chance:.4g})", text]
    return "\n\n".join(parts) + "\n"
