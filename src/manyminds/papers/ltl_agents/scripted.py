"""Scripted models of graded reliability: they know what to do, and sometimes write it in the wrong form.

They are no language models. What they know comes from the question's own list of tool calls; what they answer is right
only if the tools really told them. `corruption` is the chance that a state is written wrongly, in one of five ways, at
temperature 1. At another temperature the six ways to write a state are drawn as a model draws its tokens: with chances
that go as the power 1/temperature of those; at 0 the likeliest is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from math import log
from random import Random

from scipy.special import expit

from manyminds.agents.published_agents import published
from manyminds.core.actions import ANSWER_MARK, Choice
from manyminds.models.constrain.markers import Segment, split
from manyminds.models.request import Request
from manyminds.worlds.texts.mini_wiki import Question, knowable

SHOT = 0.75  # each worked example in the prompt multiplies the corruption by this
BEGINS = "Write only what comes next in it."
ASKS = "Which part should come next?"
FAULTS = ("lost marker", "early answer", "wrong tool", "made-up observation", "skipped")


@dataclass(frozen=True)
class Reasoner:
    """A scripted writer of protocols of one published agent."""

    agent: str
    questions: Mapping[str, Question]
    corruption: float
    seed: int = 0

    def __call__(self, request: Request) -> str:
        prompt = request.messages[-1].content
        protocol = prompt.rpartition(BEGINS)[2].strip()
        spec = published(self.agent)
        if isinstance(request.output, Choice):
            return self.chosen(prompt, request.output)
        draws = Random(blake2b(f"{self.seed} {protocol} {request.repeat}".encode(), digest_size=8).digest())
        wrong = faulty(self.corruption * SHOT ** prompt.count("A finished protocol:"), request.temperature)
        _, parts = split(protocol, spec.markers)
        done = [Segment(spec.states[number].name, said.strip()) for number, said in parts]
        inside = done.pop().state if done and not done[-1].content else ""
        return self.written(self.plan(done), inside, wrong, draws)

    def written(self, planned: list[Segment], inside: str, wrong: float, draws: Random) -> str:
        """The states that are planned, each with its chance of going wrong; the first without its marker where that
        already stands in the prompt."""
        spec, lines = published(self.agent), list[str]()
        if inside and (not planned or planned[0].state != inside):
            planned = [Segment(inside, "as before"), *planned]
        for number, one in enumerate(planned):
            bare = bool(inside) and number == 0
            fault = draws.choice(FAULTS) if draws.random() < wrong else ""
            text = one.content
            if fault == "skipped" and not bare:
                continue
            if fault == "early answer" and one.state != "answer":
                return "\n".join([*lines, *([text] if bare else []), "Answer: unknown"])
            if fault == "made-up observation" and one.state == "input":
                made = "Observation: nothing was found.\nAnswer: unknown"
                return "\n".join([*lines, text if bare else f"Action Input: {text}", made])
            if fault == "wrong tool" and one.state == "action":
                text = "Google"
            lost = bare or fault == "lost marker"
            lines.append(text if lost else f"{spec.state[one.state].marker} {text}")
        return "\n".join(lines)

    def plan(self, done: list[Segment]) -> list[Segment]:
        """What to write until the environment's turn, or to the end."""
        item = self.questions[done[0].content.partition("\n")[0]]  # what lost its marker stands behind it
        environments = {state.name for state in published(self.agent).states if state.environment}
        last = max(at for at, one in enumerate(done) if one.state in environments)
        begun = [one.state for one in done[last + 1 :]]
        made = {(a.content, b.content) for a, b in pairwise(done) if (a.state, b.state) == ("action", "input")}
        told = [one.content for one in done[1:] if one.state in environments]
        final = [Segment("answer", item.answer if knowable(item, told) else "unknown")]
        if self.agent in ("direct", "cot"):
            whole = [Segment("thought", "I have no tools."), *final] if self.agent == "cot" else final
        elif self.agent == "react":
            open_calls = [call for call in item.calls if call not in made]
            final = [Segment("final-thought", "I know enough."), *final]
            whole = [Segment("thought", "I look that up."), *calling(open_calls[0])] if open_calls else final
        else:
            open_rounds = [[call for call in one if call not in made] for one in item.rounds]
            open_calls = next((one for one in open_rounds if one), [])
            final = [Segment("final-thought", "I know enough."), *final]
            whole = [Segment("plan", "I look that up."), *(s for call in open_calls for s in calling(call))]
            whole = whole if open_calls else final
        if begun[-1:] == ["action"]:  # its input is what is missing
            tool = done[-1].content
            said = next((said for name, said in item.calls if name == tool and (name, said) not in made), "that")
            return [Segment("input", said)]
        names = [one.state for one in whole]
        behind = next((names.index(state) + 1 for state in reversed(begun) if state in names), 0)
        if self.agent.startswith("pass") and "plan" in begun and open_calls:
            behind = 1  # the calls that are still open
        return whole[behind:] or final

    def chosen(self, prompt: str, output: Choice) -> str:
        """The state to write next, as an answer to the question which of the legal ones it should be."""
        protocol = prompt.partition("\n\n")[2].rpartition(ASKS)[0].strip()
        spec = published(self.agent)
        _, parts = split(protocol, spec.markers)
        done = [Segment(spec.states[number].name, said.strip()) for number, said in parts]
        wanted = [spec.state[one.state].marker for one in self.plan(done)]
        best = next((marker for marker in wanted if marker in output.options), output.options[0])
        return f"{ANSWER_MARK} {best}"


def faulty(chance: float, temperature: float) -> float:
    """The chance of some fault at a temperature, where it is `chance` at temperature 1; all faults are as likely."""
    if chance in (0.0, 1.0):
        return chance
    ahead = log(chance / len(FAULTS)) - log(1 - chance)  # of one fault before the right form
    if temperature == 0:
        return float(ahead > 0)
    return float(expit(log(len(FAULTS)) + ahead / temperature))


def calling(call: tuple[str, str]) -> list[Segment]:
    return [Segment("action", call[0]), Segment("input", call[1])]
