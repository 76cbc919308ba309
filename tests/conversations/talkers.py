"""Scripted minds for the tests of discussions: they answer by what kind of question they are asked."""

from manyminds.models.scripted import Scripted


class Table:
    """Answers each kind of question with a text or a function of the request; keeps every request by kind."""

    KINDS = (
        ('"role"', "persona"), ("Copy the solution", "extract"), ("Vote for", "vote"), ("your final answer", "final"),
        ("How sure are you", "confidence"), ("Merge their answers", "judge"), ("List the facts", "facts"),
        ("stand by it", "challenge"), ("sounds right and is wrong", "wrong"), ("Begin with [AGREE]", "say"),
    )  # fmt: skip

    def __init__(self, **answers):
        self.answers = {"persona": self.persona, "say": "[DISAGREE] no.\nSolution: 1", "draft": "Solution: 0",
                        "extract": "1", "final": "1"} | answers  # fmt: skip
        self.asked = []
        self.model = Scripted("scripted:table", self.reply)

    def persona(self, request):
        return f'{{"role": "Expert {self.count("persona")}", "description": "knows {self.count("persona")}"}}'

    def kind(self, request):
        asked = [m.content for m in request.messages if m.role == "user"]
        text = next(text for text in reversed(asked) if not text.startswith("That cannot be used"))
        return next((kind for mark, kind in self.KINDS if mark in text), "draft")

    def reply(self, request):
        kind = self.kind(request)
        self.asked.append((kind, request))
        answer = self.answers[kind]
        return answer(request) if callable(answer) else answer

    def count(self, kind):
        return sum(kind == each for each, _ in self.asked)

    def texts(self, kind):
        return ["\n".join(m.content for m in request.messages) for each, request in self.asked if each == kind]


def seat_of(request):
    """Who is asked, counted from 0: the last name of the stream."""
    return int(request.repeat.rpartition("/")[2])
