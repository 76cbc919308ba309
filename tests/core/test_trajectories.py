"""Trajectories: whatever a mind answers or a world records becomes plain lines, and comes back from a file."""

from dataclasses import dataclass

import numpy as np
import pytest
from pydantic import BaseModel

from manyminds.core import BadInput, Event, Happening, NoAnswer, Text, Trajectory, View
from manyminds.core.play import Step
from manyminds.core.trajectory import plain, read_jsonl, write_jsonl, write_parquet


class Said(BaseModel):
    text: str
    weights: tuple[float, ...] = ()


@dataclass(frozen=True)
class Bid:
    amount: int
    why: Said


def test_values_become_plain():
    assert plain(Bid(3, Said(text="x", weights=(1, 2)))) == {"amount": 3, "why": {"text": "x", "weights": [1, 2]}}
    assert plain(NoAnswer("late", "?")) == {"no_answer": "late", "raw": "?"}
    assert plain({"a": np.arange(2), "b": np.float32(0.5), "c": [Said(text="y")]}) == {
        "a": [0, 1], "b": 0.5, "c": [{"text": "y", "weights": []}],
    }  # fmt: skip
    assert plain(object()).startswith("<object")


def recorded():
    record = Trajectory("p")
    views = {"a": View(None, "say", Text()), "b": View(None, "say", Text())}
    for turn in range(2):
        events = [Event("sum", {"n": np.int64(turn), "gap": float("nan")}, text="so be it")]
        record(Step(turn, views, {"a": Said(text="hm"), "b": NoAnswer("late")}, events))
    return list(record)


def test_lines_come_back_from_a_file(tmp_path):
    lines, path = recorded(), tmp_path / "a.jsonl"
    assert [(line.index, line.turn, line.kind, line.seat) for line in lines] == [
        (0, 0, "answer", "a"), (1, 0, "answer", "b"), (2, 0, "sum", ""),
        (3, 1, "answer", "a"), (4, 1, "answer", "b"), (5, 1, "sum", ""),
    ]  # fmt: skip
    write_jsonl(lines, path)
    found = read_jsonl(path)
    assert [line.data for line in found[:2]] == [
        {"answer": {"text": "hm", "weights": []}},
        {"answer": {"no_answer": "late", "raw": ""}},
    ]
    assert found[5] == Happening("p", 5, 1, "sum", "", {"n": 1, "gap": None}, "so be it")  # JSON has no NaN
    with path.open("a") as file:
        file.write('{"play": 3}\n')
    with pytest.raises(BadInput, match="line 7"):
        read_jsonl(path)


def test_parquet_holds_the_same(tmp_path):
    pandas = pytest.importorskip("pandas")
    write_parquet(recorded(), tmp_path / "a.parquet")
    table = pandas.read_parquet(tmp_path / "a.parquet")
    assert list(table["index"]) == list(range(6)) and table["data"][5] == '{"n":1,"gap":null}'
