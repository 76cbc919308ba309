"""A run as one HTML page that needs no other file: figures inside it, tables, claims, and its plays as chat."""

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from manyminds.core import Happening, Table
from manyminds.lab.report import cell, tables_of
from manyminds.lab.runner import RunReport
from manyminds.lab.store import Store

PLAYS, LINES, LENGTH = 20, 200, 2000  # plays on a page, lines of a play, characters of a line
SHAPES = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg"}
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;display:block;overflow:auto}"
    "td,th{border-bottom:1px solid #ccc;padding:.3rem .7rem;text-align:left;vertical-align:top}"
    "img{max-width:100%}figure{margin:1rem 0}pre{overflow:auto;background:#f6f6f6;padding:1rem}"
    "summary{cursor:pointer;font-weight:600;padding:.4rem 0}.turn{color:#888;font-size:.8rem;margin:1rem 0 .2rem}"
    ".say{background:#eef3fb;border-radius:.6rem;padding:.5rem .8rem;margin:.3rem 6rem .3rem 0;white-space:pre-wrap}"
    ".say b{display:block}.event{color:#555;font-size:.85rem;margin:.2rem 0 .2rem 1rem;white-space:pre-wrap}"
    ".holds{color:#176b2c}.fails{color:#a11}"
)


def html(report: RunReport, lines: Sequence[Happening] = ()) -> str:
    """The whole run as one page; nothing is loaded from anywhere."""
    run, paper = report.run, report.paper
    facts = {"run": run.id, "status": run.status, "seed": run.seed, "created": run.created}
    facts |= {"config": run.config, "usage": run.usage, "versions": run.versions}
    shown = escape(json.dumps(facts, indent=2, default=str))
    said = f"arXiv {paper.arxiv}; run {run.id}, {run.status} {run.reason}".strip()
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(paper.title)}</title>'
        f"<style>{STYLE}</style><h1>{escape(paper.title)}</h1><p>{escape(said)}</p>"
        f"{''.join(map(table, tables_of(report)))}{''.join(map(figure, report.files))}{plays(lines)}"
        f"<h2>Run</h2><pre>{shown}</pre></html>"
    )


def table(found: Table) -> str:
    def row(values: Iterable[Any], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}{mark(value)}>{escape(cell(value))}</{tag}>" for value in values) + "</tr>"

    def mark(value: Any) -> str:
        return f' class="{value}"' if value in ("holds", "fails") else ""

    rows = "".join(row(values, "td") for values in found.rows)
    return f"<h2>{escape(found.title)}</h2><table>{row(found.columns, 'th')}{rows}</table><p>{escape(found.note)}</p>"


def figure(path: Path) -> str:
    """A picture as part of the page; what is no picture, or is gone, is left out."""
    shape = SHAPES.get(path.suffix)
    if shape is None or not path.is_file():
        return ""
    data, name = b64encode(path.read_bytes()).decode(), escape(path.stem)
    return f'<figure><img alt="{name}" src="data:{shape};base64,{data}"><figcaption>{name}</figcaption></figure>'


def plays(lines: Sequence[Happening]) -> str:
    """The first plays as chat, and how much was left out."""
    grouped = [(name, list(group)) for name, group in groupby(lines, key=lambda line: line.play)]
    if not grouped:
        return ""
    left = f"<p>{len(grouped) - PLAYS} more plays are in the store.</p>" if len(grouped) > PLAYS else ""
    return "<h2>Plays</h2>" + "".join(chat(name, group) for name, group in grouped[:PLAYS]) + left


def chat(name: str, lines: Sequence[Happening]) -> str:
    """One play: every answer as an utterance, every event as a remark between them."""
    parts, turn = [], -1
    for line in lines[:LINES]:
        if line.turn != turn:
            turn = line.turn
            parts.append(f'<div class="turn">turn {turn}</div>')
        if line.kind == "answer":
            parts.append(f'<div class="say"><b>{escape(line.seat)}</b>{escape(spoken(line.data.get("answer")))}</div>')
        else:
            said = line.text or msgspec.json.encode(line.data).decode()
            parts.append(f'<div class="event">{escape(line.kind)}: {escape(cut(said))}</div>')
    left = f"<p>{len(lines) - LINES} more lines are in the store.</p>" if len(lines) > LINES else ""
    return f"<details><summary>{escape(name)}</summary>{''.join(parts)}{left}</details>"


def spoken(answer: Any) -> str:
    """An answer as a person would read it: the longest of its texts first, the rest behind it."""
    if not isinstance(answer, dict):
        return cut(str(answer))
    if "no_answer" in answer:
        return cut(f"(no answer: {answer['no_answer']})")
    texts = sorted((str(v) for v in answer.values() if isinstance(v, str) and v), key=len, reverse=True)
    rest = {
        key: value for key, value in answer.items() if not (texts and value == texts[0]) and value not in ("", None)
    }
    return cut("\n".join([*texts[:1], ", ".join(f"{key}: {value}" for key, value in rest.items())]).strip())


def cut(text: str) -> str:
    return text if len(text) <= LENGTH else f"{text[:LENGTH]}… ({len(text) - LENGTH} more characters)"


def write_html(report: RunReport, store: Store) -> Path:
    """Write the page beside the other files of the run."""
    path = store.folder / "runs" / report.run.id / "report.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html(report, store.events(report.run.id)), encoding="utf-8")
    return path
