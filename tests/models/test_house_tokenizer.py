"""The house model's tokenizer: what it writes is read by the fast tokenizers of `transformers`, to the same tokens."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from manyminds.core import BadInput
from manyminds.models.house.tokenizer import END, PAD, SPECIAL, TEMPLATE, Tokenizer, chat, split, trained

TEXT = (
    "Ada has 17 apples. Ben gives her 25 more!\n17+25=42\n#42 <u>What?<a># Ada<end>",
    "def f(x):\n    return [v * 2 for v in x if v % 2 == 0]  # even numbers",
    "The teacher of Kim is Tom; the baker of Tom is Ada.\n1.2 Kim: teacher: Tom",
)
PIECES = st.sampled_from([*SPECIAL, *"\n\t\r 09.<>#_é漁\u2028", " Ada", "apples", "  ", " 42", "?<a>", "x = ["])


@pytest.fixture(scope="module")
def tokenizer():
    return trained(TEXT * 3, 360)


def peer(tokenizer):
    library = pytest.importorskip("tokenizers")
    return library.Tokenizer.from_str(json.dumps(tokenizer.as_json()))


@pytest.fixture(scope="module")
def both(tokenizer):
    return tokenizer, peer(tokenizer)


@settings(max_examples=300)
@given(text=st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=12).map("".join))
@example(text="Is it?<a>#5<end>")  # a mark after punctuation
@example(text="<end\n<end><<u>>")
def test_the_library_reads_the_file_and_encodes_to_the_same_tokens(both, text):
    ours, theirs = both
    tokens = ours.encode(text)
    assert tokens == theirs.encode(text, add_special_tokens=False).ids
    assert ours.decode(tokens, special=True) == text
    assert ours.decode(tokens) == theirs.decode(tokens, skip_special_tokens=True)


def test_training_makes_the_merges_of_the_library(both):
    """The oracle: the library's trainer on the same pieces finds the same merges, up to the order of equal counts."""
    from tokenizers import Tokenizer as Library
    from tokenizers import models, pre_tokenizers, trainers

    ours, _ = both
    theirs = Library(models.BPE())
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=256 + 12, initial_alphabet=alphabet, show_progress=False)
    theirs.train_from_iterator([p for text in TEXT * 3 for p in split(text) if p not in SPECIAL], trainer)
    found = [tuple(pair) for pair in json.loads(theirs.to_str())["model"]["merges"]]
    assert len(set(found) & set(ours.merges[:16])) >= 9


def test_digits_stand_alone_and_marks_are_one_token(tokenizer):
    tokens = tokenizer.encode("<u>1234?<a>")
    assert [tokenizer.names[token] for token in tokens] == ["<u>", "1", "2", "3", "4", "?", "<a>"]
    assert len(SPECIAL) == 24 == len(set(SPECIAL)) and tokenizer.ids[PAD] == 0 and tokenizer.ids[END] == 1
    assert not any(char.isdigit() and len(name) > 1 for name in tokenizer.names[24:] for char in name)


def test_it_is_kept_whole_and_others_are_refused(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    assert Tokenizer.load(tmp_path).names == tokenizer.names
    other = tokenizer.as_json() | {"normalizer": {"type": "NFC"}}
    (tmp_path / "tokenizer.json").write_text(json.dumps(other), encoding="utf-8")
    with pytest.raises(BadInput, match="another kind"):
        Tokenizer.load(tmp_path)
    with pytest.raises(BadInput, match="no tokenizer"):
        Tokenizer.load(tmp_path / "none")
    with pytest.raises(BadInput, match="at least 280"):
        trained(TEXT, 100)
    with pytest.raises(BadInput, match="needs more text"):
        trained(["ab"], 400)


@pytest.mark.parametrize(
    ("messages", "prompt"),
    [
        ([("user", "How many?")], "<u>How many?<a>"),
        ([("system", "Be kind."), ("user", "Hi")], "<u>Be kind.\nHi<a>"),
        ([("user", "Hi"), ("assistant", "Yes"), ("user", "Plan <p>")], "<u>Hi<a>Yes<end><u>Plan <p>"),
        ([("user", "Solve it.<t>")], "<u>Solve it.<t>"),
    ],
)
def test_the_chat_template_and_ours_write_the_same_prompt(messages, prompt):
    jinja2 = pytest.importorskip("jinja2")
    given = [{"role": role, "content": content} for role, content in messages]
    written = jinja2.Environment().from_string(TEMPLATE).render(messages=given, add_generation_prompt=True)
    assert chat(messages) == written == prompt
