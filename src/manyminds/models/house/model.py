"""The house model as a model like any other: a folder with a decoder of ours, run in JAX, without torch."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manyminds.core.errors import BadInput
from manyminds.models.batched import BatchedModel, Speaker
from manyminds.models.decoding import Row
from manyminds.models.house.tokenizer import END, SPECIAL, Tokenizer, chat
from manyminds.models.request import Message

if TYPE_CHECKING:
    from manyminds.models.house.decoder import Decoder


class HouseModel(BatchedModel):
    """The house model in `folder`: a small decoder raised on the nursery. It knows the formats of the nursery and
    nothing of the world."""

    def __init__(self, folder: Path, name: str = "house", batch: int = 128) -> None:
        super().__init__(name, batch)
        if not (folder / "model.safetensors").is_file():
            raise BadInput(f"model {name!r} is not in {folder}; raise one with: manyminds raise --out FOLDER")
        self.folder = folder

    def opened(self) -> "Speaking":
        newest = max(path.stat().st_mtime_ns for path in self.folder.iterdir())
        return speaking(self.folder, newest)


@lru_cache(maxsize=4)  # the runs of one process share the weights
def speaking(folder: Path, newest: int) -> "Speaking":
    """The model of a folder in memory. `newest`: the folder's last change."""
    from manyminds.models.house.weights import load

    return Speaking(load(folder), Tokenizer.load(folder))


class Speaking(Speaker):
    """A house model in memory."""

    def __init__(self, decoder: "Decoder", tokenizer: Tokenizer) -> None:
        super().__init__()
        if tokenizer.size > decoder.shape.vocab:
            raise BadInput(f"the tokenizer has {tokenizer.size} tokens and the decoder {decoder.shape.vocab}")
        self.decoder, self.tokenizer = decoder, tokenizer
        self.context, self.size = decoder.shape.context, decoder.shape.vocab
        self.ends = (tokenizer.ids[END],)

    def prompt(self, messages: Sequence[Message]) -> tuple[str, tuple[str, ...]]:
        return chat([(message.role, message.content) for message in messages]), ()

    def encoded(self, text: str) -> list[int]:
        return self.tokenizer.encode(text)

    def text(self, tokens: list[int]) -> str:
        return self.tokenizer.decode(tokens)

    def is_silent(self, token: int) -> bool:
        return token < len(SPECIAL) or token >= self.tokenizer.size

    def words_of(self) -> Any:
        from json import dumps

        from llguidance import LLTokenizer

        return LLTokenizer(dumps(self.tokenizer.as_json()), n_vocab=self.size, eos_token=list(self.ends))

    def decode(self, rows: list[Row]) -> None:
        from manyminds.models.house.sampling import decode

        decode(self.decoder, rows, self.ends, self.text)
