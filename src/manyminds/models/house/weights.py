"""The files of a decoder: `config.json` and `model.safetensors`, as `transformers` reads and writes them."""

import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from manyminds.core.errors import BadInput
from manyminds.models.house.decoder import Decoder, Layer, Shape

NAMES = {
    "q": "self_attn.q_proj.weight", "k": "self_attn.k_proj.weight", "v": "self_attn.v_proj.weight",
    "o": "self_attn.o_proj.weight", "gate": "mlp.gate_proj.weight", "up": "mlp.up_proj.weight",
    "down": "mlp.down_proj.weight", "before": "input_layernorm.weight", "between": "post_attention_layernorm.weight",
}  # fmt: skip
EMBEDDING, NORM = "model.embed_tokens.weight", "model.norm.weight"


def named(decoder: Decoder) -> dict[str, Array]:
    """Every array by the name that a `LlamaForCausalLM` gives it."""
    found = {EMBEDDING: decoder.embedding, NORM: decoder.norm}
    for i, layer in enumerate(decoder.layers):
        found |= {f"model.layers.{i}.{name}": getattr(layer, own) for own, name in NAMES.items()}
    return found


def config_of(shape: Shape, end: int, pad: int) -> dict[str, Any]:
    """The `LlamaConfig` of a shape; `end` and `pad` are the tokens that end and fill a text."""
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "dtype": "float16",
        "vocab_size": shape.vocab, "hidden_size": shape.size, "intermediate_size": shape.hidden,
        "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads, "num_key_value_heads": shape.groups,
        "head_dim": shape.head, "max_position_embeddings": shape.context, "rms_norm_eps": shape.epsilon,
        "rope_theta": shape.base, "rope_parameters": {"rope_type": "default", "rope_theta": shape.base},
        "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False,
        "bos_token_id": None, "eos_token_id": end, "pad_token_id": pad,
    }  # fmt: skip


def store(decoder: Decoder, folder: Path, end: int, pad: int) -> None:
    """Write both files, each whole or not at all; numbers as float16, half the size."""
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.asarray(array, np.float16) for name, array in named(decoder).items()}
    files = {"config.json": json.dumps(config_of(decoder.shape, end, pad), indent=1).encode(),
             "model.safetensors": save(arrays, metadata={"format": "pt"})}  # fmt: skip
    for name, content in files.items():
        part = folder / f"{name}.part"
        part.write_bytes(content)
        part.replace(folder / name)


def digest(folder: Path) -> str:
    """What tells the weights of a folder from others."""
    return blake2b((folder / "model.safetensors").read_bytes(), digest_size=16).hexdigest()


def load(folder: Path) -> Decoder:
    """The decoder of a folder, in float32; raises `BadInput` where its files are those of another architecture."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        shape = shape_of(config)
        arrays = load_file(folder / "model.safetensors")
        decoder = assembled(shape, {name: jnp.asarray(array, jnp.float32) for name, array in arrays.items()})
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise BadInput(f"{folder} holds no house model ({type(error).__name__}: {error})") from None
    wanted = {name: array.shape for name, array in named(Decoder.like(shape)).items()}
    found = {name: array.shape for name, array in named(decoder).items()}
    if wanted != found:
        wrong = next(name for name in wanted if wanted[name] != found[name])
        raise BadInput(f"{folder}: {wrong} has the shape {found[wrong]}, and config.json says {wanted[wrong]}")
    return decoder


def shape_of(config: dict[str, Any]) -> Shape:
    """The shape that a `LlamaConfig` describes; raises ValueError for what this decoder does not do."""
    rope = config.get("rope_parameters") or {}
    refused = {
        "model_type": config["model_type"] != "llama",
        "hidden_act": config["hidden_act"] != "silu",
        "tie_word_embeddings": not config["tie_word_embeddings"],
        "rope_parameters": rope.get("rope_type", "default") != "default" or bool(config.get("rope_scaling")),
        "biases": bool(config.get("attention_bias") or config.get("mlp_bias")),
        "head_dim": config.get("head_dim") not in (None, config["hidden_size"] // config["num_attention_heads"]),
    }
    wrong = [name for name, bad in refused.items() if bad]
    if wrong:
        raise ValueError(f"{wrong[0]} of config.json is not that of a house model")
    return Shape(
        config["vocab_size"], config["hidden_size"], config["num_hidden_layers"], config["num_attention_heads"],
        config["num_key_value_heads"], config["intermediate_size"], config["max_position_embeddings"],
        rope.get("rope_theta") or config.get("rope_theta", 10_000.0), config["rms_norm_eps"],
    )  # fmt: skip


def assembled(shape: Shape, arrays: dict[str, Array]) -> Decoder:
    """A decoder of named arrays."""
    layers = [
        Layer(**{own: arrays[f"model.layers.{i}.{name}"] for own, name in NAMES.items()}) for i in range(shape.layers)
    ]
    return Decoder(arrays[EMBEDDING], tuple(layers), arrays[NORM], shape)
