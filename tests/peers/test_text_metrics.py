"""Text metrics against rouge-score, sacrebleu and nltk on random sentences."""

from random import Random

import pytest

from manyminds.worlds.texts import text_metrics as metrics

WORDS = ["the", "cat", "sat", "on", "a", "mat", "with", "my", "dog", "and", "Cat,", "7", "can't"]


def sentences(count=300):
    rng = Random(1)
    draw = lambda: " ".join(rng.choices(WORDS, k=rng.randint(1, 12)))  # noqa: E731
    return [(draw(), draw(), draw()) for _ in range(count)]


def test_rouge_is_that_of_rouge_score():
    scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(["rouge1", "rouge2", "rougeL"])
    for text, reference, _ in sentences():
        theirs = scorer.score(reference, text)
        assert metrics.rouge(text, reference, 1) == pytest.approx(theirs["rouge1"].fmeasure)
        assert metrics.rouge(text, reference, 2) == pytest.approx(theirs["rouge2"].fmeasure)
        assert metrics.rouge_l(text, reference) == pytest.approx(theirs["rougeL"].fmeasure)


def test_bleu_is_that_of_sacrebleu():
    theirs = pytest.importorskip("sacrebleu")
    rows = sentences()
    for text, *references in rows:
        expected = theirs.sentence_bleu(text, references, tokenize="none").score / 100
        assert metrics.bleu([text], [references], smooth=True) == pytest.approx(expected)
    texts, meant = [row[0] for row in rows], [row[1:] for row in rows]
    streams = [list(stream) for stream in zip(*meant)]
    for smooth, name in ((True, "exp"), (False, "none")):
        expected = theirs.corpus_bleu(texts, streams, tokenize="none", smooth_method=name).score / 100
        assert metrics.bleu(texts, meant, smooth=smooth) == pytest.approx(expected)


def test_meteor_is_that_of_nltk_without_stems_and_synonyms():
    theirs = pytest.importorskip("nltk.translate.meteor_score")

    class Plain:
        def synsets(self, word):
            return []

        def stem(self, word):
            return word

    for text, reference, _ in sentences():
        expected = theirs.single_meteor_score(reference.split(), text.split(), stemmer=Plain(), wordnet=Plain())
        assert metrics.meteor(text, reference) == pytest.approx(expected)
