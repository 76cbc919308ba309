"""Plays: one move in a repeated matrix game, said in a fixed form. Any legal move is right.

The players that a model is raised on are rules, in equal shares. It is plumbing for games with players shaped like
language models: whether moves are legal and whether they depend on the last one; no claim on behaviour may rest on it.
"""

from dataclasses import dataclass
from random import Random

from manyminds.worlds.texts.items import Draft, Item, Verdict, final, last_marked

NAMES = ("J", "F", "X", "Y", "left", "right", "red", "blue", "up", "down")


@dataclass(frozen=True)
class Plays:
    """Level l shows l rounds before the move."""

    name: str = "plays"
    levels: tuple[int, ...] = (1, 2, 3, 4)

    def draft(self, rng: Random, level: int) -> Draft:
        moves = rng.sample(NAMES, 2)
        pay = [[rng.randint(0, 9) for _ in range(2)] for _ in range(2)]  # own points by (own move, the other's)
        past = [(rng.randrange(2), rng.randrange(2)) for _ in range(level)]
        player = rng.choice(("copies", "greedy", "random"))
        move = {"copies": past[-1][1], "greedy": int(sum(pay[1]) > sum(pay[0])), "random": rng.randrange(2)}[player]
        table = "; ".join(f"{moves[a]} against {moves[b]} gives {pay[a][b]}" for a in (0, 1) for b in (0, 1))
        told = "\n".join(f"Round {i}: you {moves[a]}, they {moves[b]}." for i, (a, b) in enumerate(past, 1))
        prompt = f"Moves: {moves[0]}, {moves[1]}. {table}.\n{told}\nYour move in round {level + 1}?"
        return Draft([pay, past, player], prompt, final(moves[move]), moves[move], {"moves": moves, "player": player})

    def check(self, item: Item, text: str) -> Verdict:
        said = last_marked(text)
        legal = said in item.meta["moves"]
        return Verdict(legal, said, "" if legal else "no legal move", float(legal))
