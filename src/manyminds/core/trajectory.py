"""Trajectories: the recorded steps of one play, the one format for training data, viewing and analysis."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from pydantic_core import to_jsonable_python

from manyminds.core.actions import NoAnswer
from manyminds.core.play import Step


class Happening(msgspec.Struct, frozen=True):
    """One line of a trajectory: something seen, answered or happened, in the turn of a play."""

    play: str
    index: int  # position within the play
    turn: int
    kind: str
    seat: str = ""
    data: dict[str, Any] = {}
    text: str = ""


def plain(value: Any) -> Any:
    """A value as JSON can hold it: models and dataclasses as objects, arrays as lists, anything else as it prints."""
    if isinstance(value, NoAnswer):
        return {"no_answer": value.reason, "raw": value.raw}
    # "constants" leaves NaN and infinities as they are; whoever writes decides what becomes of them.
    return to_jsonable_python(value, inf_nan_mode="constants", fallback=native)


def native(value: Any) -> Any:
    """An array or a scalar of another library as Python has it."""
    return value.tolist() if hasattr(value, "tolist") else repr(value)


def happenings(play: str, step: Step, start: int) -> list[Happening]:
    """The lines of one step: first every answer with the view it answers, then the events."""
    lines: list[Happening] = []
    for seat, answer in step.answers.items():
        data = {"answer": plain(answer)}
        lines.append(Happening(play, start + len(lines), step.turn, "answer", seat, data, step.views[seat].text))
    for event in step.events:
        lines.append(Happening(play, start + len(lines), step.turn, event.kind, "", plain(event.data), event.text))
    return lines


@dataclass
class Trajectory:
    """A record that keeps a play in memory; give it to `play` as `record`."""

    play: str = "play"
    lines: list[Happening] = field(default_factory=list)

    def __call__(self, step: Step) -> None:
        self.lines.extend(happenings(self.play, step, len(self.lines)))

    def __iter__(self) -> Iterator[Happening]:
        return iter(self.lines)


def write_jsonl(lines: Iterable[Happening], path: Path) -> None:
    """One JSON object a line."""
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


def read_jsonl(path: Path) -> list[Happening]:
    """What `write_jsonl` wrote; a line that is not a happening is named by its number."""
    from manyminds.core.errors import BadInput

    decode = msgspec.json.Decoder(Happening).decode
    lines = []
    for number, raw in enumerate(path.read_bytes().splitlines(), 1):
        try:
            lines.append(decode(raw))
        except msgspec.MsgspecError as error:
            raise BadInput(f"{path}, line {number}: not a step of a trajectory ({error})") from None
    return lines


def frame(lines: Iterable[Happening]) -> Any:
    """The lines as a pandas frame, one column a field."""
    import pandas

    return pandas.DataFrame([msgspec.structs.asdict(line) for line in lines], columns=Happening.__struct_fields__)


def write_parquet(lines: Iterable[Happening], path: Path) -> None:
    """As `frame`, with `data` as JSON text, because its shape differs from line to line."""
    table = frame(lines)
    table["data"] = [msgspec.json.encode(data).decode() for data in table["data"]]
    table.to_parquet(path, index=False)
