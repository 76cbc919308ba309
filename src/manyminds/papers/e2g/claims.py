"""What the paper says of reading twice, the theory behind it, and what must not explain the gain."""

from typing import Any

import numpy as np

from manyminds.core import Claim, Finding, NotHere
from manyminds.core import statistics as st
from manyminds.papers.e2g.measures import COT, E2G, at_length, controls, many, overrides, path, prediction, routing
from manyminds.papers.e2g.organisms import ORGANISMS


def formula(results: Any) -> Finding:
    inside, n = sum(row.inside for row in results.formula), 3 * len(results.formula)
    return Finding(st.share(inside, n), inside == n, sum(row.items for row in results.formula))


def sets(results: Any) -> Finding:
    """Released sets on which E2G's F1 is above chain of thought's."""
    by = {(row.data, row.arm): float(np.mean(row.f1)) for row in results.sets if row.f1}
    pairs = [(by[name, E2G], by[name, COT]) for name in dict.fromkeys(row.data for row in results.sets)
             if (name, E2G) in by and (name, COT) in by]  # fmt: skip
    if not pairs:
        raise NotHere("no released set was read; give model=... and data=NAME:PATH")
    above = sum(ours > plain for ours, plain in pairs)
    return Finding(st.share(above, len(pairs)), above == len(pairs))


WHOLE = {"items": 333, "worlds": 3, "formula_items": 20_000}

CLAIMS = (
    Claim("formula", "two steps reach r q (1 - h) + (1 - r) g, both reach its other form, at ten points", "derived",
          "all 30 intervals", formula, config=WHOLE),
    Claim("overrides", "600 tokens against belief: E2G overrides the text at most half as often (scripted reader)",
          "section 5; ours", "<= .5", overrides, config=WHOLE),
    Claim("gain-600", "E2G over chain of thought at 600 tokens (scripted reader)", "section 5; ours", "> 0",
          at_length(600), config=WHOLE),
    Claim("gain-1000", "E2G over chain of thought at 1000 tokens (scripted reader)", "section 5; ours", "> 0",
          at_length(1000), config=WHOLE),
    Claim("gain-60", "a text of 60 tokens: within 2 points of each other (scripted reader)", "section 5; ours",
          "-.02 to .02", at_length(60, 0.02), config=WHOLE),
    Claim("prediction", "recall, and accuracy with and without gold sentences, predict E2G to 3 points", "derived",
          "<= .03", prediction, config=WHOLE),
    Claim("many", "several values: evidence and context over evidence alone (scripted reader)", "table of routes",
          "> 0", many, config=WHOLE),
    Claim("path", "one value in a long text: evidence alone is no worse (scripted reader)", "table of routes", ">= 0",
          path, config=WHOLE),
    Claim("routing", "the table of routes is nowhere worst and within a point of the best choice (scripted reader)",
          "table of routes", ">= -.01", routing, config=WHOLE),
    Claim("controls", "as many calls of chain of thought do not reach it (scripted reader)", "ours", "> 0", controls,
          config=WHOLE),
    Claim("sets", "released sets: E2G's F1 is above chain of thought's", "table 2", "every set", sets, needs="data"),
    *ORGANISMS,
)  # fmt: skip
