"""Published corpora of characters as symbols: text8 in windows of one length, MOSES molecules padded to one length."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from manyminds.core import BadInput

LETTERS = " abcdefghijklmnopqrstuvwxyz"  # symbols 1 to 27


class Corpus(NamedTuple):
    """Strings of one length as int32 (n, length) of symbols 1 to len(names), by part."""

    names: tuple[str, ...]
    parts: dict[str, np.ndarray]

    def written(self, x: np.ndarray) -> str:
        return "".join("_" if symbol == 0 else self.names[symbol - 1] for symbol in x)


def letters(text: str) -> np.ndarray:
    """Text of a-z and blanks as symbols 1 to 27; raises BadInput at the first other character."""
    codes = np.frombuffer(text.encode("latin-1", "replace"), np.uint8).astype(np.int32)
    symbols = np.where(codes == 32, 1, codes - 95)
    wrong = np.flatnonzero((symbols < 1) | (symbols > 27))
    if len(wrong):
        raise BadInput(f"character {int(wrong[0])} is {text[wrong[0]]!r}; text8 holds a to z and blanks alone")
    return symbols


def text8(path: Path, length: int = 250, held_out: int = 5_000_000) -> Corpus:
    """text8 (one file of 10^8 characters): the last `held_out` characters for test, as many before them for validation,
    the rest for training (90, 5 and 5 million), in windows of `length` that do not overlap."""
    text = Path(path).read_text("latin-1").rstrip("\n")
    if len(text) < 2 * held_out + length:
        raise BadInput(f"{path} holds {len(text):,} characters, too few for two held-out parts of {held_out:,}")
    symbols = letters(text)
    cuts = np.split(symbols, [len(symbols) - 2 * held_out, len(symbols) - held_out])

    def windows(part: np.ndarray) -> np.ndarray:
        whole = len(part) // length
        return part[: whole * length].reshape(whole, length)

    return Corpus(tuple(LETTERS), dict(zip(("train", "valid", "test"), map(windows, cuts))))


def moses(path: Path, length: int | None = None) -> Corpus:
    """MOSES (a csv with the columns SMILES and SPLIT): characters, padded to the longest or to `length` with a symbol
    of its own, the last one. Parts are named as in the file (train, test, test_scaffolds)."""
    with Path(path).open(newline="") as file:
        reader = csv.DictReader(file)
        if not {"SMILES", "SPLIT"} <= set(reader.fieldnames or ()):
            raise BadInput(f"{path} has the columns {reader.fieldnames}; MOSES has SMILES and SPLIT")
        rows = [(row["SMILES"], row["SPLIT"]) for row in reader]
    longest = max((len(smiles) for smiles, _ in rows), default=0)
    length = length or longest
    if longest > length or not rows:
        raise BadInput(f"{path}: the longest of {len(rows)} molecules has {longest} characters, not up to {length}")
    names = (*sorted({character for smiles, _ in rows for character in smiles}), "")
    code = {name: i + 1 for i, name in enumerate(names)}
    parts: dict[str, list[list[int]]] = {}
    for smiles, part in rows:
        coded = [code[character] for character in smiles]
        parts.setdefault(part, []).append(coded + [len(names)] * (length - len(coded)))
    return Corpus(names, {part: np.array(coded, np.int32) for part, coded in parts.items()})
