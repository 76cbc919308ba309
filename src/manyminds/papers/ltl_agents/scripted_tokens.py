"""The scripted models token by token: logits that favour what their script would write, under the paper's own loop."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from manyminds.agents.published_agents import published
from manyminds.agents.tool_use import calls, since
from manyminds.core import Seeds
from manyminds.models.constrain.decoding import decoded, greedy, sampled
from manyminds.models.constrain.markers import Segment, split
from manyminds.models.constrain.tokens import Masks, Vocabulary, masks
from manyminds.models.request import Request, user
from manyminds.papers.ltl_agents.arms import Cell, shown
from manyminds.papers.ltl_agents.data import made as task
from manyminds.papers.ltl_agents.scripted import BEGINS, Reasoner
from manyminds.worlds.texts.mini_wiki import Question, Reader, Wiki, questions

FIRM, MEANT, SECOND = 50.0, 30.0, 20.0  # logits of what it writes, of what it meant to, of an end or a new line


@lru_cache(maxsize=4)
def vocabulary(agent: str) -> Vocabulary:
    """An end, all bytes, and the words and markers of protocols, some with what stands before or behind them."""
    markers = published(agent).markers
    words = ("unknown", "Search", "Lookup", "Calculator", "Google", "people", "mayor", "look", "that", "know", "enough")
    pieces = [*(f" {word}" for word in words), *(part for marker in markers for part in cut(marker))]
    return Vocabulary(
        (b"", *(bytes([byte]) for byte in range(256)), *(piece.encode() for piece in dict.fromkeys(pieces))), (0,)
    )


def cut(marker: str) -> list[str]:
    """A marker in pieces of several tokens, none of which ends where the marker does alone."""
    half = len(marker) // 2
    return [marker[:half], f"\n{marker[:half]}", marker[half:-1], f"{marker[-2:]} "]


class ScriptedTokens:
    """A scripted model as a model with a cache: whatever it is made to write, its script goes on from there."""

    def __init__(self, script: Reasoner, words: Vocabulary, prompt: str, repeat: str, temperature: float) -> None:
        self.script, self.words, self.prompt, self.repeat = script, words, prompt, repeat
        self.temperature = temperature
        self.of = {text: token for token, text in enumerate(words.texts) if text}
        self.longest = max(map(len, self.of))
        self.said: list[bytes] = []
        self.wishes: list[tuple[float, bytes]] = []  # (logit, what it would write), the dearest first
        self.asked = 0

    def extend(self, tokens: Sequence[int]) -> np.ndarray:
        added = b"".join(self.words.texts[token] for token in tokens)
        self.said.append(added)
        self.wishes = [
            (much, text[len(added) :]) for much, text in self.wishes if text.startswith(added) and text != added
        ]
        if len(tokens) > 1 or not self.wishes:
            self.plan()
        return self.logits()

    def roll_back(self, count: int) -> np.ndarray:
        """Asked again what it would open here."""
        del self.said[-count:]
        self.wish("\n")
        return self.logits()

    def plan(self) -> None:
        """Ask the script anew where a state has just been opened; elsewhere it has lost its thread."""
        text, spec = self.text, published(self.script.agent)
        _, parts = split(text, spec.markers)
        mine = parts and not spec.states[parts[-1][0]].environment
        if parts and (text.endswith("\n") or (mine and not parts[-1][1].strip())):
            self.wish("" if text.endswith("\n") else " ")

    @property
    def text(self) -> str:
        return b"".join(self.said).decode(errors="replace")

    def wish(self, before: str) -> None:
        """What the script writes here, with its faults, and with less weight what it would write without them."""
        self.asked += 1
        protocol = f"{self.prompt}{BEGINS}\n\n{self.text.strip()}"
        request = Request((user(protocol),), temperature=self.temperature, repeat=f"{self.repeat}/{self.asked}")
        marker = [state.marker for state in published(self.script.agent).states if state.environment][-1]
        self.wishes = []
        for much, script in ((FIRM, self.script), (MEANT, replace(self.script, corruption=0.0))):
            said = script(request)
            # It lets the environment speak where it has nothing more to say itself.
            whole = said if "Answer:" in said else f"{said}\n{marker}"
            self.wishes.append((much, (before + whole).encode()))

    def logits(self) -> np.ndarray:
        logits = np.zeros(len(self.words.texts))
        logits[0], logits[self.of[b"\n"]] = SECOND + 1, SECOND
        for much, text in reversed(self.wishes):
            for length in range(1, min(self.longest, len(text)) + 1):
                token = self.of.get(text[:length])
                if token is not None:
                    logits[token] = max(logits[token], much + length / 8)
        return logits


def arm_of_tokens(
    agent: str, corruption: float, shots: int, seed: int, wiki: Wiki, items: Sequence[Question], seeds: Seeds,
    temperature: float = 1.0, cap: int = 40, limit: int = 1024,
) -> Cell:  # fmt: skip
    """The arm that is enforced on tokens, with rolled-back markers as in the paper (section 3). The script draws its
    faults at the temperature, and of what it would write the tokens are drawn at it."""
    words, made = vocabulary(agent), enforced(agent)
    prompt = "".join(f"A finished protocol:\n{shown(agent, wiki, one)}\n\n"
                     for one in questions(wiki, seeds("examples", seed), shots))  # fmt: skip
    script = Reasoner(agent, {item.text: item for item in items}, corruption, seed)
    runs, readers = [], [Reader(wiki) for _ in items]
    for number, (item, reader) in enumerate(zip(items, readers)):
        model = ScriptedTokens(script, words, prompt, f"{seeds}/tokens/{agent}/{shots}/{number}", temperature)
        draws = seeds.numpy("tokens", agent, shots, seed, number)
        choose = sampled(draws, temperature) if temperature else greedy

        def environment(
            state: str, segments: tuple[Segment, ...], item: Question = item, reader: Reader = reader
        ) -> str:
            if state == "question":
                return item.text
            wanted = calls(segments)[-1:] if state == "observation" else calls(since(segments, "plan", "summary"))
            return "\n".join(reader(*call) for call in wanted)

        runs.append(decoded(model, made, lambda text: [1 + byte for byte in text.encode()], choose, environment,
                            cap=cap, limit=limit))  # fmt: skip
    accepts = [made.grammar.specification.follow(run.segments) in made.grammar.automaton.accepting for run in runs]
    last = [next((one.content for one in reversed(run.segments) if one.state == "answer"), "") for run in runs]
    return Cell(who="scripted", agent=agent, how="tokens", shots=shots, seed=seed, temperature=temperature,
                corruption=corruption, legal=accepts,
                right=[task(wiki, item).score(said)[0] for said, item in zip(last, items)],
                complete=[run.complete for run in runs], calls=[1] * len(runs), tools=[one.calls for one in readers],
                kinds=[item.kind for item in items], forced=sum(run.forced for run in runs),
                rolled_back=sum(run.rolled_back for run in runs), tokens=sum(run.tokens for run in runs))  # fmt: skip


@lru_cache(maxsize=4)
def enforced(agent: str) -> Masks:
    return masks(published(agent), vocabulary(agent), "rollback")
