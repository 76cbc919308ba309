"""Replies with an answer and its evidence: a JSON object, labelled lines, or whatever came, in this order."""

import ast
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LABEL = re.compile(
    r"(?im)^[\s*#>\"'-]*(answer|evidence(?:s)?(?:\s*(?:and|&)\s*explanations?)?|explanations?)[\s*\"']*:[\s*]*"
)
STATED = re.compile(r"(?i)\banswer\s+(?:is|would be|must be)[:\s]+([^\n]+?)(?:\.\s|\.?$|\n)")
UNKNOWN = re.compile(
    r"(?i)\s*(unknown|none|n/?a|(it |this |the answer )?(can ?not|can't|could not) be "
    r"(determined|answered|found|inferred)|"
    r"(it is |the answer is )?not (mentioned|stated|given|specified|provided|enough info\w*)|no (answer|information)|"
    r"insufficient (information|evidence))\b"
)
CURLY = str.maketrans({"“": '"', "”": '"', "„": '"', "’": "'", "‘": "'"})
TRAILING = re.compile(r",\s*([}\]])")


@dataclass(frozen=True)
class Found:
    """An answer and the evidence for it; `flags`: `repaired` where a JSON object had to be mended, `unstructured` where
    there was neither object nor label."""

    answer: str
    evidence: str = ""
    flags: tuple[str, ...] = ()


def says_unknown(answer: str, options: Sequence[str] = ()) -> bool:
    """Does an answer say that there is none? An option that says so is an answer like any other."""
    return answer not in options and bool(UNKNOWN.match(answer))


def read(text: str, options: Sequence[str] = ()) -> Found:
    """The answer and evidence in a reply; of a field that is there twice the last answer and all evidence count."""
    pairs, repaired = fields(text[:200_000])
    if pairs is not None:
        answers = [written(value) for key, value in pairs if "answer" in key.lower()]
        backing = [written(value) for key, value in pairs if re.search("evidence|explanation", key, re.I)]
        if answers or backing:
            given = [answer for answer in answers if answer]
            return Found(given[-1] if given else "", "\n".join(dict.fromkeys(filter(None, backing))), repaired)
    parts = LABEL.split(text)
    if len(parts) > 1:
        told = [(label.lower(), part.strip().strip('"')) for label, part in zip(parts[1::2], parts[2::2])]
        answers = [part.split("\n")[0].strip(" *\"',") for label, part in told if label == "answer" and part]
        backing = [part for label, part in told if label != "answer" and part]
        return Found(answers[-1] if answers else "", "\n".join(backing))
    stated = STATED.findall(text)
    named = [option for option in options if re.search(rf"(?<!\w){re.escape(option)}(?!\w)", text)]
    answer = stated[-1].strip(" *\"'") if stated else named[0] if len(named) == 1 else ""
    return Found(answer, text.strip(), ("unstructured",))


def fields(text: str) -> tuple[list[tuple[str, Any]] | None, tuple[str, ...]]:
    """The fields of the first JSON object in a text, in order and with repetitions, and whether it was repaired."""
    starts = [at for at, sign in enumerate(text) if sign == "{"][:50]
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=list)
    for start in starts:
        try:
            return decoder.raw_decode(text, start)[0], ()
        except (ValueError, RecursionError):
            continue
    end = text.rfind("}")
    for start in (at for at in starts if at < end):
        mended = TRAILING.sub(r"\1", text[start : end + 1].translate(CURLY))
        try:
            return decoder.decode(mended), ("repaired",)
        except (ValueError, RecursionError):
            pass
        try:
            value = ast.literal_eval(mended)  # an object in single quotes
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        if isinstance(value, dict):
            return [(str(key), one) for key, one in value.items()], ("repaired",)
    return None, ()


def written(value: Any) -> str:
    """A value as text: the members of a list, or of an object within, one after another."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        members = [part[1] if isinstance(part, tuple) and len(part) == 2 else part for part in value]
        texts = [written(part) for part in members]
        return (" " if any(text.endswith((".", "!", "?")) for text in texts) else ", ").join(filter(None, texts))
    if isinstance(value, dict):
        return written(list(value.values()))
    return str(value).strip()
