"""Records of single games: our typed form as JSON lines, and the public archive's folders of JSON and CSV.

The archive keeps a folder a game with `config.json` (who played, under which configuration) and `game.csv` (one line
an act). Its games "without end" have 99 rounds; a negotiator may also leave to trade elsewhere at its own value, which
ends the game without a trade. What cannot be mapped is counted by its reason and left out, never mended.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ValidationError

from manyminds.core import BadInput
from manyminds.papers.glee import measures
from manyminds.papers.glee.grid import Cell, Family
from manyminds.papers.glee.playing import Games

ENDLESS = 99  # rounds from which on nobody is told of an end


class Line(BaseModel, frozen=True):
    """One act in a game."""

    stage: int
    actor: str
    kind: Literal["nature", "proposal", "decision", "message", "purchase"]
    payload: dict[str, Any]
    raw_text: str = ""


class GameRecord(BaseModel, frozen=True):
    """One game: its configuration, who played, every act, and how it ended."""

    cell: Cell
    player_a: str
    player_b: str
    repeat: int = 0
    turns: list[Line]
    void: str = ""  # why it does not count
    leaks: int = 0

    @property
    def agreement(self) -> tuple[int, float] | None:
        """Stage and terms of the agreement: Alice's part of the money, or the price."""
        terms = None
        for line in self.turns:
            if line.kind == "proposal":
                terms = line.payload["terms"]
            if line.kind == "decision" and line.payload["accept"] and terms is not None:
                return line.stage, terms
        return None

    @property
    def rounds(self) -> tuple[list[bool], list[bool]]:
        """Of each round of advice: was the quality high, and was it bought?"""
        high = [line.payload["high"] for line in self.turns if line.kind == "nature"]
        return high, [line.payload["buy"] for line in self.turns if line.kind == "purchase"]


def write_records(records: Iterable[GameRecord], path: Path) -> None:
    """One JSON object a line."""
    path.write_text("".join(f"{record.model_dump_json()}\n" for record in records), encoding="utf-8")


def read_records(path: Path) -> tuple[list[GameRecord], Counter[str]]:
    """Records from our JSON lines (a file) or from an archive (a folder); and why some games were left out."""
    if path.is_dir():
        return read_archive(path)
    if not path.is_file():
        raise BadInput(f"there are no games at {path}; give a .jsonl file or a folder of games")
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            records.append(GameRecord.model_validate_json(line))
        except ValidationError as error:
            raise BadInput(f"{path}, line {number}: not a game ({error.errors()[0]['msg']})") from None
    return records, Counter()


def read_archive(folder: Path) -> tuple[list[GameRecord], Counter[str]]:
    """Every game below a folder of the public archive."""
    records, left_out = [], Counter[str]()
    for config in sorted(folder.rglob("config.json")):
        try:
            with (config.parent / "game.csv").open(encoding="utf-8", newline="") as lines:
                rows = list(csv.DictReader(lines))
            records.append(archived(json.loads(config.read_text(encoding="utf-8")), rows))
        except FileNotFoundError:
            left_out["no game.csv"] += 1
        except (KeyError, ValueError, TypeError) as error:
            left_out[f"{type(error).__name__}: {error}"[:80]] += 1
    if not records:
        raise BadInput(f"no game below {folder} can be read: {dict(left_out) or 'there is no config.json'}")
    return records, left_out


def archived(config: dict[str, Any], rows: Sequence[dict[str, str]]) -> GameRecord:
    """One game of the archive in our form."""
    family: Family = config["game_type"]
    first, second, args = config["player_1_args"], config["player_2_args"], config["game_args"]
    read = {"bargaining": read_division, "negotiation": read_trade, "persuasion": read_advice}[family]
    cell, turns = read(first, second, args, rows)
    return GameRecord(cell=cell, player_a=str(first["model_name"]), player_b=str(second["model_name"]), turns=turns)


def told(rounds: Any) -> int | None:
    return None if int(rounds) >= ENDLESS else int(rounds)


def words(row: dict[str, str]) -> dict[str, Any]:
    """A message, where there is one."""
    message = (row.get("message") or "").strip()
    return {"message": message} if message and message != "None" else {}


def read_division(
    first: dict[str, Any], second: dict[str, Any], args: dict[str, Any], rows: Sequence[dict[str, str]]
) -> tuple[Cell, list[Line]]:
    cell = Cell("bargaining", float(first["delta"]), float(second["delta"]), float(args["money_to_divide"]),
                told(args["max_rounds"]), bool(args["complete_information"]),
                bool(args["messages_allowed"]))  # fmt: skip
    column = f"{str(first['public_name']).lower().replace(' ', '_')}_gain"
    lines = []
    for row in rows:
        stage, actor, decision = int(row["round"]), row["player"], (row.get("decision") or "").strip()
        if decision in ("accept", "reject"):
            lines.append(Line(stage=stage, actor=actor, kind="decision", payload={"accept": decision == "accept"}))
        else:
            terms = {"terms": float(row[column])}
            lines.append(Line(stage=stage, actor=actor, kind="proposal", payload=terms | words(row)))
    return cell, lines


LEAVES = ("SellToJhon", "BuyFromJhon", "DealWithJhon")


def read_trade(
    first: dict[str, Any], second: dict[str, Any], args: dict[str, Any], rows: Sequence[dict[str, str]]
) -> tuple[Cell, list[Line]]:
    cell = Cell("negotiation", float(args["seller_value"]), float(args["buyer_value"]),
                float(args["product_price_order"]), told(args["max_rounds"]), bool(args["complete_information"]),
                bool(args["messages_allowed"]))  # fmt: skip
    lines = []
    for row in rows:
        stage, actor, decision = int(row["round"]), row["player"], (row.get("decision") or "").strip()
        if decision in ("AcceptOffer", "RejectOffer", *LEAVES):
            payload = {"accept": decision == "AcceptOffer"} | ({"left": True} if decision in LEAVES else {})
            lines.append(Line(stage=stage, actor=actor, kind="decision", payload=payload))
        else:
            price = float(row["product_price"].replace("$", "").replace(",", ""))
            lines.append(Line(stage=stage, actor=actor, kind="proposal", payload={"terms": price} | words(row)))
    return cell, lines


def read_advice(
    first: dict[str, Any], second: dict[str, Any], args: dict[str, Any], rows: Sequence[dict[str, str]]
) -> tuple[Cell, list[Line]]:
    if float(args.get("c", 0)) != 0:
        raise ValueError("a low quality is worth something here")
    binary = args["seller_message_type"] == "binary"
    cell = Cell("persuasion", float(args["p"]), float(args["v"]), float(args["product_price"]),
                int(args["total_rounds"]), bool(args["is_seller_know_cv"]), not binary,
                bool(args["is_myopic"]))  # fmt: skip
    lines = []
    for row in rows:
        stage, actor, decision = int(row["round"]), row["player"], (row.get("decision") or "").strip()
        if actor == "Nature":
            lines.append(Line(stage=stage, actor="nature", kind="nature",
                              payload={"high": row["round_quality"] == "high-quality"}))  # fmt: skip
        elif actor == first["public_name"]:
            said = {"recommend": decision == "yes"} if binary else words(row)
            lines.append(Line(stage=stage, actor=actor, kind="message", payload=said))
        else:
            lines.append(Line(stage=stage, actor=actor, kind="purchase", payload={"buy": decision == "yes"}))
    if any(sum(line.kind == kind for line in lines) != cell.rounds for kind in ("nature", "message", "purchase")):
        raise ValueError("the game was not played to its end")
    return cell, lines


def measured(records: Sequence[GameRecord]) -> tuple[list[Cell], Games]:
    """The distinct cells of records of one family, and the games in columns with their measures."""
    cells = list(dict.fromkeys(record.cell for record in records))
    index = {cell: i for i, cell in enumerate(cells)}
    rows = [(index[r.cell], r.player_a, r.player_b, r.repeat, *scores(r), bool(r.void)) for r in records]
    kinds = (int, str, str, int, float, float, float, float, float, float, bool)
    return cells, Games(*(np.array(column, kind) for column, kind in zip(zip(*rows), kinds, strict=True)))


def scores(record: GameRecord) -> tuple[float, ...]:
    """Efficiency, fairness, both gains, stage of the agreement, what the first offer left to Bob; NaN: undefined."""
    nan, cell = float("nan"), record.cell
    if record.void:
        return (nan,) * 6
    if cell.family == "persuasion":
        high, bought = record.rounds
        efficiency, fairness = measures.persuasion(np.array(high), np.array(bought))
        gains = measures.sales_gains(np.array(high), np.array(bought), cell.second)
        return float(efficiency), float(fairness), float(gains[0]), float(gains[1]), nan, nan
    stage, terms = record.agreement or (nan, nan)
    terms /= cell.money
    opening = next((line.payload["terms"] / cell.money for line in record.turns if line.kind == "proposal"), nan)
    if cell.family == "bargaining":
        efficiency, fairness = measures.bargaining(stage, terms, cell.first, cell.second)
        first, second = cell.first ** (stage - 1) * terms, cell.second ** (stage - 1) * (1 - terms)
        left = 1 - opening
    else:
        efficiency, fairness = measures.negotiation(terms, cell.first, cell.second)
        first, second, left = terms - cell.first, cell.second - terms, cell.second - opening
    gains = (0.0, 0.0) if np.isnan(stage) else (first, second)
    return float(efficiency), float(fairness), *gains, stage, left
