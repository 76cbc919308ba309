"""A language model on this machine, by `transformers`: answers in batches, held to the legal form by token masks."""

import sys
from collections.abc import Sequence
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from manyminds.core.errors import BadInput, Refused
from manyminds.models.batched import BatchedModel, Speaker
from manyminds.models.decoding import Row, decode
from manyminds.models.request import Message

NEEDED = ("torch", "transformers")


class LocalModel(BatchedModel):
    """The model in the folder `where`, or of that name in the local cache; nothing is ever downloaded."""

    def __init__(self, where: str, name: str = "", device: str = "", batch: int = 32) -> None:
        super().__init__(name or f"hf:{where}", batch)
        self.folder, self.device = found(where, self.name), device

    def opened(self) -> "Loaded":
        newest = max(path.stat().st_mtime_ns for path in self.folder.iterdir())
        return loaded_from(self.folder, self.name, self.device, newest)


def found(where: str, name: str) -> Path:
    """The folder of a model; raises `BadInput` that says how to get it when it is not here."""
    missing = [package for package in NEEDED if find_spec(package) is None]
    if missing:
        raise BadInput(f"model {name!r} needs {', '.join(missing)}: pip install 'manyminds[local]'")
    folder = Path(where).expanduser()
    if folder.exists():
        if not (folder / "config.json").is_file():
            raise BadInput(f"{folder} is not the folder of a model: it has no config.json")
        return folder
    from huggingface_hub import try_to_load_from_cache

    try:
        cached = try_to_load_from_cache(where, "config.json")
    except ValueError:  # not the form of a name
        cached = None
    if not isinstance(cached, str):
        said = f"model {name!r} is neither a folder nor in the local cache, and nothing is downloaded by itself"
        raise BadInput(f"{said}; fetch it once with: hf download {where}")
    return Path(cached).parent


def chosen_device(asked: str) -> tuple[str, Any, str]:
    """The device, the type of the weights on it, and both in words."""
    import torch

    if asked:
        device, why = asked, "as MANYMINDS_DEVICE says"
    elif torch.cuda.is_available():
        device, why = "cuda", f"an {torch.cuda.get_device_name()} is here"
    elif torch.backends.mps.is_available():
        device, why = "mps", "an Apple GPU is here"
    else:
        device, why = "cpu", "no accelerator is here"
    if device.startswith("cuda"):
        dtype = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    else:
        dtype = torch.float16 if device == "mps" else torch.float32
    return device, dtype, f"runs on {device} ({why}) with {str(dtype).removeprefix('torch.')} numbers"


@lru_cache(maxsize=2)  # the runs of one process share the weights
def loaded_from(folder: Path, name: str, asked: str, newest: int) -> "Loaded":
    """The model and its tokenizer; only weights that hold no code are read. `newest`: the folder's last change."""
    from llguidance.hf import from_tokenizer
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    device, dtype, words = chosen_device(asked)
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, use_safetensors=True, dtype=dtype)
        model = model.to(device).eval()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BadInput(f"model {name!r} cannot be loaded: {str(error).strip().splitlines()[0]}") from error
    ends = ends_of(model, tokenizer)
    if not ends:
        raise BadInput(f"model {name!r} names no token that ends a text (eos_token), so its answers would have no end")
    size = int(model.get_output_embeddings().weight.shape[0])
    try:
        words_of = from_tokenizer(tokenizer, n_vocab=size, eos_token=list(ends))
    except ValueError as error:
        raise BadInput(f"model {name!r} has a tokenizer that cannot be masked ({error})") from error
    sys.stderr.write(f"manyminds: {name} {words}\n")
    return Loaded(model, tokenizer, words_of, size, ends)


def ends_of(model: Any, tokenizer: Any) -> tuple[int, ...]:
    """All tokens that end a text."""
    named = (getattr(model.generation_config, "eos_token_id", None), tokenizer.eos_token_id)
    flat = [token for one in named if one is not None for token in (one if isinstance(one, list) else [one])]
    return tuple(dict.fromkeys(flat))


class Loaded(Speaker):
    """A model of `transformers` in memory."""

    def __init__(self, model: Any, tokenizer: Any, words: Any, size: int, ends: tuple[int, ...]) -> None:
        super().__init__()
        self.model, self.tokenizer, self.guide, self.size, self.ends = model, tokenizer, words, size, ends
        self.context = int(getattr(model.config, "max_position_embeddings", 0) or 2**31)

    def words_of(self) -> Any:
        return self.guide

    def is_silent(self, token: int) -> bool:
        return token in self.silent

    @cached_property
    def silent(self) -> set[int]:
        return {*self.tokenizer.all_special_ids, *self.ends}

    def encoded(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=not self.tokenizer.chat_template))

    def prompt(self, messages: Sequence[Message]) -> tuple[str, tuple[str, ...]]:
        """The prompt as this model expects it, and strings that end its turn."""
        if self.tokenizer.chat_template:
            return self.chat(messages), ()
        if len(messages) == 1:
            return messages[0].content + "\n", ()
        names = {"system": "", "user": "User: ", "assistant": "Assistant: "}
        said = "\n\n".join(names[message.role] + message.content for message in messages)
        return f"{said}\n\nAssistant:", ("\n\nUser:",)

    def chat(self, messages: Sequence[Message]) -> str:
        from jinja2 import TemplateError

        def written(turns: list[dict[str, str]]) -> str:
            return str(self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))

        turns = [{"role": message.role, "content": message.content} for message in messages]
        try:
            return written(turns)
        except TemplateError:
            first, *rest = turns
            if first["role"] != "system" or not rest:
                raise
            # Some templates know no system turn; what it says then opens the first turn.
            rest[0] = {**rest[0], "content": f"{first['content']}\n\n{rest[0]['content']}"}
            return written(rest)

    def decode(self, rows: list[Row]) -> None:
        """Finish all rows; where they do not fit in memory together, in halves."""
        import torch

        try:
            decode(self.model, rows, self.ends, self.text)
        except torch.OutOfMemoryError:
            if len(rows) == 1:
                raise Refused("the request does not fit in the memory of this machine's accelerator") from None
            torch.cuda.empty_cache()
            for part in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
                self.decode(part)

    def text(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False))
