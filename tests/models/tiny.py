"""A tiny language model with random weights and a tokenizer, both built in code: nothing is fetched."""

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

torch.set_num_threads(1)  # tiny matrices gain nothing from threads

CORPUS = ['{"answer": 10, "reasoning": "ten each"}', "Answer: 100", "how many tonnes of fish do you catch? Ärger 漁師"]
CHAT = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system turn') }}{% endif %}"
    "<{{ m['role'] }}>{{ m['content'] }}<|end|>{% endfor %}<assistant>"
)


def build(folder, chat=False, layers=2, context=2048, absolute=False):
    """Write the model into `folder`; with `absolute` positions, what is out of place by padding is seen."""
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=320, initial_alphabet=alphabet, special_tokens=["<|end|>", "<|stop|>"])
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<|end|>")
    if chat:
        tokenizer.chat_template = CHAT
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=328, hidden_size=32, intermediate_size=64, num_hidden_layers=layers, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=context, eos_token_id=[0, 1], pad_token_id=0,
        initializer_range=0.5,
    )  # fmt: skip
    other = GPT2Config(
        vocab_size=328, n_embd=32, n_layer=2, n_head=4, n_positions=context, bos_token_id=0, eos_token_id=0,
        initializer_range=0.5,
    )  # fmt: skip
    model = GPT2LMHeadModel(other) if absolute else LlamaForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)
