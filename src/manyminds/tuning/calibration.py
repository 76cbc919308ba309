"""What a house model can: accuracy of every family, level and format, the levels that experiments use, instruments.

`card.json` in the model's folder holds all of it. `standard` of a family and format is the level, or the two levels in
equal parts, at which greedy answers are right 30 to 60 % of the time and one of eight samples is right at least 15
points more often than one alone: there is something to gain, by training as by prompting. Where there is none the
format is out of band, and experiments on it are skipped with that reason.

`out_of_distribution` holds wrappers over families that no raise wraps, at their two lowest levels. Functions that are
mended count as right there, as everywhere on the card, where they are the reference to the letter.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import BadInput, Seeds, unknown
from manyminds.core.statistics import share
from manyminds.models.house.model import Speaking, speaking
from manyminds.models.house.weights import digest
from manyminds.tuning import own_mistakes
from manyminds.tuning.answering import Play, answered
from manyminds.tuning.mixture import LAST_LEVEL, raised_levels
from manyminds.worlds.texts import calls, searches
from manyminds.worlds.texts.formats import CALLS, formats
from manyminds.worlds.texts.items import Family, Item, Verdict, stream
from manyminds.worlds.texts.nursery import families
from manyminds.worlds.texts.sway import cell
from manyminds.worlds.texts.turns import Turns, outside

BAND = (0.30, 0.60)
GAIN = 0.15  # of one right among the samples over one sample
SAME_PROMPT = ("repair", "partner")  # formats that differ from another one only in what is shown in a raise, or are the
# other side of the same play
SAMPLES, TEMPERATURE = 8, 0.8


@dataclass(frozen=True)
class Reading:
    """One family, level and format. Shares of `items`; `samples` of them are NaN where none were drawn."""

    family: str
    level: int
    form: str
    items: int
    greedy: float
    unread: float  # answers in which the checker found no answer
    one: float = float("nan")  # right, of the samples at TEMPERATURE
    best: float = float("nan")  # items for which one of SAMPLES is right
    tokens: float = 0.0  # said, an item


Told = Callable[[str], None]


@dataclass(frozen=True)
class Marked:
    play: Play
    verdict: Verdict


def calibrated(
    folder: Path, items: int = 100, seed: int = 1, told: Told = lambda line: None, only: Sequence[str] = ()
) -> dict[str, Any]:
    """Measure the model of a folder on items of the validation split, and write its card there.

    `only`: families to measure; what the card says of the others stays, if it was measured on the same weights, and so
    do the instruments that rest on others.
    """
    if items < 1:
        raise BadInput(f"a calibration takes at least one item of each kind, not {items}")
    speaker, weights = opened(folder), digest(folder)
    recipe = optional(folder / "recipe.json")
    found, beyond = families(Seeds(recipe.get("seed", 0))), outside()
    for name in only:
        if name not in found and name not in beyond:
            raise unknown("family", name, [*found, *beyond])
    mistakes = own_mistakes.kept(folder)
    before = optional(folder / "card.json") if only else {}
    before = before if before.get("weights") == weights else {}
    kept: dict[tuple[str, int, str], list[Marked]] = {}
    readings = [read_back(one) for one in before.get("readings", []) if one["family"] not in only]
    for name in (name for name in found if not only or name in only):
        readings += measured(speaker, found[name], items, seed, told, kept)
    wrapped = dict(before.get("out_of_distribution", {}))
    for name in (name for name in beyond if not only or name in only):
        wrapped[name] = measured_outside(speaker, beyond[name], items, seed, told)
    card = {
        "model": {"parameters": speaker.decoder.shape.parameters, **asdict(speaker.decoder.shape)},
        "weights": weights, "raise": recipe, "curve": last_line(folder / "curve.jsonl"),
        "exposure": optional(folder / "exposure.json"), "own": mistakes.header() if mistakes else None, "seed": seed,
        "readings": [asdict(one) for one in readings], "standard": standards(readings),
        "instruments": (before.get("instruments") or {}) | instruments(kept, not only), "out_of_distribution": wrapped,
    }  # fmt: skip
    card = finite(card)
    (folder / "card.json").write_text(json.dumps(card, indent=1), encoding="utf-8")
    return card


def measured(
    speaker: Speaking, family: Family, items: int, seed: int, told: Told, kept: dict[tuple[str, int, str], list[Marked]]
) -> list[Reading]:
    """The readings of a family; the answers are added to `kept`. Where levels differ in length, none is measured above
    one of which nothing is right in any format."""
    found: dict[str, list[tuple[int, list[Marked]]]] = {}
    for level in raised_levels(family):
        some, best = held_out(family, level, Seeds(seed), items), 0.0
        for form in formats(family.name):
            if form in SAME_PROMPT or not some:
                continue
            marks = kept[family.name, level, form] = judged(speaker, family, some, form)
            found.setdefault(form, []).append((level, marks))
            best = max(best, mean_ok(marks))
            told(f"{family.name} {level} {form}: {mean_ok(marks):.2f} of {len(some)} right")
        if family.name in LAST_LEVEL and some and not best:
            break
    return [
        read(speaker, family, marks, level, form, sampled)
        for form, own in found.items()
        for (level, marks), sampled in zip(own, candidates([mean_ok(marks) for _, marks in own]))
    ]


def measured_outside(speaker: Speaking, family: Turns, items: int, seed: int, told: Told) -> dict[str, Any]:
    """Greedy readings of the two lowest levels, and for a verifier how balanced it is over both."""
    (form,), readings, kept = formats(family.name), list[Reading](), list[Marked]()
    for level in family.levels[:2]:
        marks = judged(speaker, family, held_out(family, level, Seeds(seed), items), form)
        readings.append(read(speaker, family, marks, level, form, False))
        kept += marks
        told(f"{family.name} {level} {form}: {mean_ok(marks):.2f} of {len(marks)} right")
    found: dict[str, Any] = {"readings": [asdict(one) for one in readings]}
    return found | {"verifier": verifier(kept)} if family.kind == "verify" else found


def candidates(greedy: Sequence[float]) -> list[bool]:
    """Whether a level, by itself or with a neighbour, can be what experiments use; only then are samples drawn."""

    def inside(accuracy: float) -> bool:
        return BAND[0] <= accuracy <= BAND[1]

    pairs = [inside((a + b) / 2) for a, b in pairwise(greedy)]
    return [inside(own) or any(pairs[max(i - 1, 0) : i + 1]) for i, own in enumerate(greedy)]


def opened(folder: Path) -> Speaking:
    if not (folder / "model.safetensors").is_file():
        raise BadInput(f"{folder} holds no model; raise one with: manyminds raise --out {folder}")
    return speaking(folder, (folder / "model.safetensors").stat().st_mtime_ns)


def held_out(family: Family, level: int, seeds: Seeds, count: int) -> list[Item]:
    return list(islice(stream(family, level, "validation", seeds, scarce=True), count))


def judged(speaker: Speaking, family: Family, items: Sequence[Item], form: str) -> list[Marked]:
    """Greedy answers and their verdicts."""
    plays = answered(speaker, [(item, form, "greedy") for item in items])
    return [Marked(play, family.check(play.item, play.text)) for play in plays]


def read(
    speaker: Speaking, family: Family, marks: Sequence[Marked], level: int, form: str, sampled: bool
) -> Reading:  # fmt: skip
    right = np.mean([mark.verdict.ok for mark in marks])
    unread = np.mean([mark.verdict.parsed is None for mark in marks])
    tokens = np.mean([mark.play.tokens for mark in marks])
    one = best = float("nan")
    if sampled:
        asked = [(mark.play.item, form, f"sample {i}") for i in range(SAMPLES) for mark in marks]
        said = answered(speaker, asked, TEMPERATURE)
        ok = np.array([family.check(play.item, play.text).ok for play in said]).reshape(SAMPLES, len(marks))
        one, best = ok.mean(), ok.any(0).mean()
    return Reading(
        family.name, level, form, len(marks), float(right), float(unread), float(one), float(best), float(tokens)
    )


def read_back(written: Mapping[str, Any]) -> Reading:
    return Reading(**{name: float("nan") if value is None else value for name, value in written.items()})


def standards(readings: Sequence[Reading]) -> dict[str, dict[str, Any]]:
    """By `family format`: the levels to use, their accuracy and gain, or why there are none."""
    by: dict[tuple[str, str], list[Reading]] = {}
    for reading in readings:
        by.setdefault((reading.family, reading.form), []).append(reading)
    return {f"{family} {form}": standard(own) for (family, form), own in by.items()}


def standard(readings: Sequence[Reading]) -> dict[str, Any]:
    """The level nearest to the middle of the band, or the two neighbouring ones whose mean is."""
    options = [(one,) for one in readings]
    options += [pair for pair in pairwise(readings) if all(np.isfinite(one.best) for one in pair)]
    found = []
    for some in options:
        accuracy = float(np.mean([one.greedy for one in some]))
        gain = float(np.mean([one.best - one.one for one in some]))
        if BAND[0] <= accuracy <= BAND[1] and gain >= GAIN:
            found.append((len(some), abs(accuracy - sum(BAND) / 2), [one.level for one in some], accuracy, gain))
    if found:
        _, _, levels, accuracy, gain = min(found)
        return {"levels": levels, "accuracy": accuracy, "gain": gain}
    most = max(readings, key=lambda one: one.greedy)
    inside = any(BAND[0] <= one.greedy <= BAND[1] for one in readings)
    why = f"no gain of {GAIN:.2f} by sampling" if inside else f"at most {most.greedy:.2f} right, at level {most.level}"
    if not inside and most.greedy > BAND[1]:
        why = "no level between those that are mastered and those that are not learned"
    return {"levels": [], "out_of_band": why}


def instruments(kept: Mapping[tuple[str, int, str], Sequence[Marked]], whole: bool) -> dict[str, Any]:
    """What training and prompting papers rest on: does a critique help, a second try, can it tell right from wrong.
    Those whose families were measured; `whole`: all were, so that what is said of all together can be said."""
    found: dict[str, Any] = {"after_critique": {}}
    base = {level: mean_ok(marks) for (name, level, form), marks in kept.items() if (name, form) == ("sums", "worked")}
    refined = [(level, mark) for (name, level, _), marks in kept.items() if name == "turns-refine" for mark in marks]
    for kind in ("right", "empty", "misleading"):
        own = [(level, mark) for level, mark in refined if mark.play.item.meta["critique"] == kind]
        if told := beside(own, base):
            found["after_critique"][kind] = told
    retried = [(level, mark) for (name, level, _), marks in kept.items() if name == "turns-retry" for mark in marks]
    found["after_wrong_try_again"] = beside(retried, base)
    found["verifier"] = verifier(pooled(kept, "turns-verify", "verify"))
    found["verifier_worked"] = verifier(pooled(kept, "turns-verify", "worked"))
    found["searches"] = searched(kept)
    found["calls"] = {name: steps for name in CALLS if (steps := called(pooled(kept, name)))}
    found["persuasion"] = persuasion(pooled(kept, "sway-partner"))
    if not whole:
        return {name: value for name, value in found.items() if value}
    everything = [mark for marks in kept.values() for mark in marks]
    found["format_errors"] = float(np.mean([mark.verdict.parsed is None for mark in everything]))
    found["confidence"] = confidence(everything)
    return {name: value for name, value in found.items() if value is not None}


def pooled(kept: Mapping[tuple[str, int, str], Sequence[Marked]], family: str, form: str = "") -> list[Marked]:
    """All levels of a family, in one format or in all."""
    return [mark for (name, _, own), marks in kept.items() if name == family and form in ("", own) for mark in marks]


def mean_ok(marks: Sequence[Marked]) -> float:
    return float(np.mean([mark.verdict.ok for mark in marks]))


def beside(own: Sequence[tuple[int, Marked]], base: Mapping[int, float]) -> dict[str, float] | None:
    """Accuracy, and how much it lies above what the same levels give when they are solved afresh."""
    known = [(mark.verdict.ok, base[level]) for level, mark in own if level in base]
    if not known:
        return None
    right = [ok for ok, _ in known]
    estimate = share(sum(right), len(right))
    return {"n": len(right), "accuracy": estimate.value, "low": estimate.low, "high": estimate.high,
            "above_fresh": float(np.mean([ok - fresh for ok, fresh in known]))}  # fmt: skip


def verifier(marks: Sequence[Marked]) -> dict[str, float] | None:
    """How often a right solution is called right, and a wrong one wrong; balanced: the mean of both."""
    sides: dict[bool, list[bool]] = {True: [], False: []}
    for mark in marks:
        clean = mark.play.item.answer == "ok"
        sides[clean].append(((mark.verdict.parsed or "").strip() == "ok") == clean and mark.verdict.parsed is not None)
    if not all(sides.values()):
        return None
    clean, wrong = (float(np.mean(sides[side])) for side in (True, False))
    return {"n": len(marks), "right_called_right": clean, "wrong_called_wrong": wrong, "balanced": (clean + wrong) / 2}


def searched(kept: Mapping[tuple[str, int, str], Sequence[Marked]]) -> dict[str, float] | None:
    """Of plays with searches: the share with the plan of the question, mean recall of the evidence, failed searches."""
    marks = [mark for (_, _, form), some in kept.items() if form == "search" for mark in some]
    if not marks:
        return None
    planned = [searches.is_planned(mark.play.item, mark.play.said[0][1]) for mark in marks if mark.play.said]
    steps = [searches.step_metrics(mark.play.item, mark.play.text) for mark in marks]
    return {"n": len(marks), "planned": float(np.mean(planned)), "found": float(np.mean([one.found for one in steps])),
            "failed": float(np.mean([one.failed for one in steps]))}  # fmt: skip


def called(marks: Sequence[Marked]) -> dict[str, float] | None:
    """Means over plays with tools: right names, F1 of arguments, invented tools."""
    steps = np.array([calls.step_metrics(mark.play.item, mark.play.text) for mark in marks])
    if not len(steps):
        return None
    return {"n": len(steps)} | dict(zip(calls.Steps._fields, steps.mean(0).tolist()))


def persuasion(marks: Sequence[Marked]) -> dict[str, float]:
    """Share right afterwards, by what was right before: own answer and the partner's claim."""
    cells: dict[str, list[bool]] = {}
    for mark in marks:
        before, helpful, after = cell(mark.play.item, mark.play.text)
        key = f"own {'right' if before else 'wrong'}, partner {'right' if helpful else 'wrong'}"
        cells.setdefault(key, []).append(after)
    return {name: float(np.mean(values)) for name, values in sorted(cells.items())}


def confidence(marks: Sequence[Marked]) -> dict[str, float] | None:
    """Is the model right as often as it is sure? Slope and intercept of a logistic regression of right on the logit of
    its own probability of the whole answer; 1 and 0 where it is calibrated."""
    from manyminds.core.logistic import fit

    logprob = np.clip(np.array([mark.play.logprob for mark in marks]), -30, -1e-4)
    right = np.array([mark.verdict.ok for mark in marks], float)
    if len(right) < 20 or right.min() == right.max():
        return None
    logit = logprob - np.log(-np.expm1(logprob))
    fitted = fit(np.column_stack([np.ones_like(logit), logit]), right, ridge=1e-3)
    intercept, slope = (float(value) for value in fitted.coefficients)
    sure = np.exp(logprob)
    return {"slope": slope, "intercept": intercept, "mean_confidence": float(sure.mean()), "accuracy": right.mean()}


def optional(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def last_line(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    line = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
    return {name: line[name] for name in ("chunk", "progress", "loss", "total", "minutes")}


def finite(value: Any) -> Any:
    """The same with None for what is not a number: JSON has no NaN."""
    if isinstance(value, dict):
        return {name: finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    if isinstance(value, float | np.floating):
        return round(float(value), 4) if np.isfinite(value) else None
    return value
