"""The house model's tokenizer: byte-level byte pairs, every digit on its own, 24 tokens that mark who speaks.

Our own encoder, so that the base install needs no other library; what it saves as `tokenizer.json` is read by the fast
tokenizers of `transformers`, which encode to the same tokens. Byte pair encoding: Sennrich et al., arXiv 1508.07909.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from manyminds.core.errors import BadInput

USER, ASSISTANT, END, PAD = "<u>", "<a>", "<end>", "<pad>"
# user, assistant, observation, thought, planner, caller, summariser, verify, critique, refine, evidence, spares
ROLES = (USER, ASSISTANT, "<o>", "<t>", "<p>", "<c>", "<s>", "<v>", "<k>", "<r>", "<e>")
SPECIAL = (PAD, END, *ROLES, *(f"<x{i}>" for i in range(11)))
# The pieces within which bytes are joined. ASCII only, so that no version of Unicode can change them.
PIECES = r" ?[A-Za-z]+|[0-9]| ?[^A-Za-z0-9\s]+|\n|[^\S\n]+|\s"


MARKS = frozenset(SPECIAL)
MARK, PIECE = re.compile("(" + "|".join(map(re.escape, SPECIAL)) + ")"), re.compile(PIECES)


def split(text: str) -> Iterator[str]:
    """Special tokens, and the pieces of what stands between them."""
    for part in MARK.split(text):
        if part in MARKS:
            yield part
        else:
            yield from PIECE.findall(part)


def byte_letters() -> dict[int, str]:
    """A printable letter for every byte, as byte-level tokenizers write them (GPT-2's table)."""
    kept = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    letters = {byte: chr(byte) for byte in kept}
    for byte in range(256):
        letters.setdefault(byte, chr(256 + len(letters) - len(kept)))
    return letters


LETTERS = byte_letters()
BYTES = {letter: byte for byte, letter in LETTERS.items()}


def written(piece: str) -> str:
    """A piece of text with a letter for every byte."""
    return "".join(LETTERS[byte] for byte in piece.encode("utf-8", "replace"))


class Tokenizer:
    """Texts to tokens and back. Tokens: the special ones, the 256 bytes, then what each merge makes, in order."""

    def __init__(self, merges: Sequence[tuple[str, str]]) -> None:
        self.merges = tuple(merges)
        names = [*SPECIAL, *(LETTERS[byte] for byte in range(256)), *(left + right for left, right in self.merges)]
        self.names = tuple(dict.fromkeys(names))  # two merges may make the same
        self.ids = {name: i for i, name in enumerate(self.names)}
        self.ranks = {pair: i for i, pair in enumerate(self.merges)}
        self.known: dict[str, tuple[int, ...]] = {}  # pieces that were encoded before

    @property
    def size(self) -> int:
        return len(self.names)

    @cached_property
    def bytes_of(self) -> tuple[bytes, ...]:
        """The bytes of every token; the special ones as they are written."""
        plain = (bytes(BYTES[letter] for letter in name) for name in self.names[len(SPECIAL) :])
        return (*(name.encode() for name in SPECIAL), *plain)

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, in which special tokens may stand as they are written (`<u>`)."""
        tokens: list[int] = []
        for piece in split(text):
            if piece in MARKS:
                tokens.append(self.ids[piece])
                continue
            if piece not in self.known:
                if len(self.known) > 100_000:
                    self.known.clear()
                self.known[piece] = tuple(self.ids[part] for part in joined(written(piece), self.ranks))
            tokens += self.known[piece]
        return tokens

    def decode(self, tokens: Iterable[int], special: bool = False) -> str:
        """The text of tokens; special ones are left out unless asked for."""
        kept = (self.bytes_of[token] for token in tokens if special or token >= len(SPECIAL))
        return b"".join(kept).decode("utf-8", "replace")

    def as_json(self) -> dict[str, Any]:
        """What `tokenizer.json` holds."""
        marks = [{"id": i, "content": name, "single_word": False, "lstrip": False, "rstrip": False,
                  "normalized": False, "special": True} for i, name in enumerate(SPECIAL)]  # fmt: skip
        split = {"type": "Split", "pattern": {"Regex": PIECES}, "behavior": "Isolated", "invert": False}
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
        model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                 "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                 "vocab": self.ids, "merges": [list(pair) for pair in self.merges]}  # fmt: skip
        return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": marks, "normalizer": None,
                "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]}, "post_processor": None,
                "decoder": level, "model": model}  # fmt: skip

    def save(self, folder: Path) -> None:
        """Write `tokenizer.json`, and `tokenizer_config.json` with the chat template."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tokenizer.json").write_text(json.dumps(self.as_json(), ensure_ascii=False), encoding="utf-8")
        config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END, "pad_token": PAD,
                  "clean_up_tokenization_spaces": False, "chat_template": TEMPLATE}  # fmt: skip
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Tokenizer":
        """The tokenizer of a folder that `save` wrote; raises `BadInput` for any other."""
        try:
            read = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
            found = cls([(left, right) for left, right in read["model"]["merges"]])
            same = found.as_json() == read
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{folder} holds no tokenizer of the house model ({type(error).__name__})") from None
        if not same:
            raise BadInput(f"{folder} holds a tokenizer of another kind; load it as hf:{folder}")
        return found


# Roles as tokens. What a system turn says opens the first user turn. A conversation whose last message ends with the
# mark of a role (`... <p>`) is answered in that role, any other as the assistant.
TEMPLATE = (
    "{% for m in messages %}"
    "{% if m['role'] == 'assistant' %}{{ '<a>' + m['content'] + '<end>' }}"
    "{% elif loop.index0 > 0 and messages[loop.index0 - 1]['role'] == 'system' %}{{ m['content'] }}"
    "{% else %}{{ '<u>' + m['content'] }}{% if m['role'] == 'system' %}{{ '\n' }}{% endif %}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt and not messages[-1]['content'].endswith(("
    + ", ".join(f"'{role}'" for role in ROLES)
    + ")) %}{{ '<a>' }}{% endif %}"
)


def chat(messages: Sequence[tuple[str, str]]) -> str:
    """The prompt of (role, content) pairs, equal to what the template writes."""
    text, before = "", ""
    for role, content in messages:
        if role == "assistant":
            text += f"{ASSISTANT}{content}{END}"
        else:
            text += content if before == "system" else USER + content + ("\n" if role == "system" else "")
        before = role
    return text if messages[-1][1].endswith(ROLES) else text + ASSISTANT


def joined(letters: str, ranks: dict[tuple[str, str], int]) -> list[str]:
    """The parts of a piece once every merge, the earliest first, has been made."""
    parts = list(letters)
    while len(parts) > 1:
        rank, at = min((ranks.get(pair, len(ranks)), i) for i, pair in enumerate(pairwise(parts)))
        if rank == len(ranks):
            break
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return parts


def trained(texts: Iterable[str], size: int, fewer: bool = False) -> Tokenizer:
    """A tokenizer of `size` tokens whose merges are the most frequent pairs of `texts`; ties go to the smaller pair.

    `fewer`: where the texts have no more pairs to merge, fewer tokens will do.
    """
    if size < len(SPECIAL) + 256:
        raise BadInput(f"a tokenizer has at least {len(SPECIAL) + 256} tokens, not {size}")
    plain = Tokenizer(())
    counts = Counter(piece for text in texts for piece in split(text) if piece not in MARKS)
    words = [list(written(piece)) for piece in counts]
    times = list(counts.values())
    pairs: Counter[tuple[str, str]] = Counter()
    where: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for i, word in enumerate(words):
        for pair in pairwise(word):
            pairs[pair] += times[i]
            where[pair].add(i)
    merges: list[tuple[str, str]] = []
    made: set[str] = set()
    while len(made) < size - plain.size and pairs:
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        if pairs[best] <= 0:
            break
        merges.append(best)
        made.add(best[0] + best[1])
        for i in sorted(where.pop(best)):
            for pair in pairwise(words[i]):
                pairs[pair] -= times[i]
            words[i] = merged(words[i], best)
            for pair in pairwise(words[i]):
                pairs[pair] += times[i]
                where[pair].add(i)
        del pairs[best]
    if len(made) < size - plain.size and not fewer:
        raise BadInput(f"the texts have only {len(made)} pairs to merge; a tokenizer of {size} tokens needs more text")
    return Tokenizer(merges)


def merged(word: list[str], pair: tuple[str, str]) -> list[str]:
    found: list[str] = []
    for part in word:
        if found and (found[-1], part) == pair:
            found[-1] += part
        else:
            found.append(part)
    return found
