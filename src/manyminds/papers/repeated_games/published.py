"""Figures of the paper (arXiv 2305.16867) as data; those by family are computed anew from its released records."""

# Normalised score by family, both seats and all opponents of the released records (144 games of the released table).
MODELS = ("GPT-4", "Claude 2", "Claude 1", "GPT-3.5", "Llama 2")
FAMILY_SCORES: dict[str, tuple[float, ...]] = {
    "Win-win": (0.933, 0.802, 0.878, 0.813, 0.915),
    "PD Family": (0.743, 0.751, 0.700, 0.741, 0.704),
    "Unfair": (0.726, 0.752, 0.721, 0.732, 0.627),
    "Cyclic": (0.723, 0.749, 0.691, 0.707, 0.623),
    "Biased": (0.728, 0.796, 0.735, 0.752, 0.632),
    "Second Best": (0.685, 0.753, 0.683, 0.637, 0.487),
    "Tragic": (0.657, 0.712, 0.665, 0.622, 0.480),
    "all": (0.772, 0.775, 0.754, 0.742, 0.684),
}

# GPT-4 as player 1: own and other's total after ten rounds, by opponent (case studies).
DILEMMA: dict[str, tuple[int, int]] = {
    "GPT-4": (80, 80), "cooperator": (80, 80), "defector": (45, 55), "defect-once": (90, 10), "GPT-3": (80, 80),
    "Llama 2": (80, 80), "Claude": (43, 63), "GPT-3.5": (83, 23),
}  # fmt: skip
BATTLE: dict[str, tuple[int, int]] = {
    "GPT-4": (42, 60), "cooperator": (100, 70), "defector": (42, 60), "alternator": (50, 35),
}  # fmt: skip
BATTLE_FORESIGHT: dict[str, tuple[int, int]] = {"alternator": (71, 65), "defector": (63, 90), "itself": (100, 70)}

# Human study: means per round under the plain policy and under predict-then-act, with the Bayes factor given.
HUMANS: dict[str, tuple[float, float, float | None]] = {
    "battle of the sexes, score": (4.34, 5.08, 80.6),
    "battle of the sexes, coordination": (0.542, 0.622, 13.4),
    "prisoner's dilemma, score": (6.11, 6.21, 0.2),
    "battle of the sexes, taken for human": (0.36, 0.47, None),
    "prisoner's dilemma, taken for human": (0.48, 0.64, None),
}
