"""A causal language model of `transformers` with its cache, one run at a time, which can forget its last tokens."""

from collections.abc import Sequence
from inspect import signature
from typing import Any

import numpy as np


class CachedModel:
    """What `decoding.py` asks of a model. Logits after a roll-back are those of a fresh pass, up to rounding."""

    def __init__(self, model: Any) -> None:
        from transformers import DynamicCache

        self.model, self.cache = model, DynamicCache(config=model.config)
        known = signature(model.forward).parameters
        self.memory = "cache" if "cache" in known else "past_key_values"  # its name changed within transformers 5
        self.tokens: list[int] = []

    def extend(self, tokens: Sequence[int]) -> np.ndarray:
        """(vocabulary,) the logits after some more tokens."""
        import torch

        with torch.inference_mode():
            given = torch.tensor([list(tokens)], device=self.model.device)
            out = self.model(input_ids=given, **{self.memory: self.cache}, use_cache=True)
        self.tokens += tokens
        return np.asarray(out.logits[0, -1].float().cpu().numpy())

    def roll_back(self, count: int) -> np.ndarray:
        """(vocabulary,) the logits after the last `count` tokens are forgotten; at least one must be left."""
        if not 0 <= count < len(self.tokens):
            raise ValueError(f"{count} of {len(self.tokens)} tokens cannot be forgotten")
        last = self.tokens[-count - 1]
        del self.tokens[len(self.tokens) - count - 1 :]
        self.cache.crop(-count - 1)
        return self.extend([last])
