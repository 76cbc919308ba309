"""The paper's figures, as they come out of its released logs: percent, micro, mean of with and without system message.

The tables printed in the paper agree with these within about one point.
"""

TASKS = ("trivia 5", "trivia 10", "codenames", "logic")
METHODS = ("standard", "cot", "self_refine", "spp_fixed_persona", "spp_profile", "spp")


def cells(rows: dict[str, tuple[float, ...]], tasks: tuple[str, ...] = TASKS) -> dict[tuple[str, str], float]:
    return {(task, method): figure for method, row in rows.items() for task, figure in zip(tasks, row, strict=True)}


# model -> (task, method) -> percent
PUBLISHED: dict[str, dict[tuple[str, str], float]] = {
    "gpt4": cells({
        "standard": (73.9, 76.7, 75.4, 57.8),
        "cot": (67.0, 67.8, 72.7, 65.8),
        "self_refine": (73.4, 76.0, 64.5, 60.0),
        "spp_fixed_persona": (77.2, 83.1, 57.7, 70.6),
        "spp_profile": (78.2, 83.0, 75.4, 64.9),
        "spp": (79.9, 84.3, 79.0, 68.2),
    }),
    "gpt35": cells({
        "standard": (59.4, 66.9, 66.0, 46.5),
        "cot": (44.5, 50.1, 53.6, 49.5),
        "spp": (38.6, 34.8, 34.1, 52.3),
    }),
    "llama2-13b": cells({
        "standard": (42.2, 49.3, 0.0, 7.5),
        "cot": (31.2, 26.0, 17.5, 33.5),
        "spp": (2.4, 8.4, 1.0, 0.0),
    }),
}  # fmt: skip
GAINS = {"trivia 5": 7.1, "trivia 10": 10.0, "codenames": 4.8, "logic": 18.5}  # of SPP over Standard, in percent of it
