"""A question as text, the same for every method."""

from string import ascii_uppercase

from manyminds.conversations.methods import Question
from manyminds.core import render


def told(question: Question, private: str = "") -> str:
    """Task, context and lettered options, and the form in which to answer. `private` is what one seat alone knows."""
    lettered = tuple(zip(ascii_uppercase, question.options))
    return render(__package__, "question", question=question, lettered=lettered, private=private)
