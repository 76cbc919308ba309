"""Figures that the paper prints (arXiv 2410.05254, section 5), beside which ours stand; percentage points."""

from manyminds.papers.glee.grid import Family

# (family, market, measure) -> effect against the default market; the paper's text names the extremes only.
MARKETS: dict[tuple[Family, str, str], str] = {
    ("bargaining", "inf, incomplete, messages", "efficiency"): "+2.8 (best)",
    ("bargaining", "inf, incomplete, messages", "fairness"): "+4.4 (best)",
    ("bargaining", "12, complete, silent", "efficiency"): "-3.7 ± 0.5 (worst)",
    ("negotiation", "inf, complete, silent", "efficiency"): "+17.4 (best)",
    ("negotiation", "1, incomplete, messages", "efficiency"): "-2 ± 1.7 (worst)",
    ("persuasion", "complete, binary, long-living", "efficiency"): "0 (best)",
    ("persuasion", "complete, text, myopic", "efficiency"): "-24.7 ± 2.5 (worst)",
    ("persuasion", "complete, text, myopic", "fairness"): "-22.7 ± 2.5 (worst)",
}

# Self-gain against Gemini 1.5 Flash: (people, language models), by family and seat.
GAINS: dict[tuple[Family, str], tuple[str, str]] = {
    ("bargaining", "Alice"): ("+6.6 ± 1.1", "-6.9 to +1.4"),
    ("bargaining", "Bob"): ("-17.1 ± 1", "-1.5 to +2.6"),
    ("negotiation", "Alice"): ("-26.6", "-"),
    ("negotiation", "Bob"): ("-14.5", "-"),
    ("persuasion", "Alice"): ("+20.5 ± 4.1", "-"),
    ("persuasion", "Bob"): ("+54.8 ± 8.9", "-"),
}

EQUILIBRIA: dict[Family, str] = {
    "bargaining": "(Claude 3.5 Sonnet, Claude 3.7 Sonnet)",
    "negotiation": "(Gemini 2.0 Flash, Gemini 1.5 Pro), (Llama 3.1 405B, Grok 2)",
    "persuasion": "(Gemini 1.5 Pro, Mistral Large)",
}

ANCHORING = {"people": 0.63, "language models": 0.18}  # correlation, in Bob's seat

# Root mean squared error of efficiency: linear, XGBoost, CatBoost.
ERRORS: dict[Family, str] = {
    "bargaining": ".131 / .131 / .131",
    "negotiation": ".333 / .331 / .331",
    "persuasion": ".388 / .380 / .378",
}
