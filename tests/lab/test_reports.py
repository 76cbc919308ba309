"""A run on one page, in a notebook, on a terminal; what this machine has; what there is to run."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from server import serving

from manyminds.core import BadInput, Estimate, Happening, PaperConfig, PaperResults, Table
from manyminds.core.claims import Paper
from manyminds.lab import doctor, html
from manyminds.lab.measures import measures
from manyminds.lab.notebook import load_run, load_sweep
from manyminds.lab.terminal import bars, spending
from manyminds.models.door import Totals
from manyminds.models.request import Completion, Usage


def test_the_page_of_a_run_is_one_file(command, guessing):
    run = json.loads(command("run", guessing, "--json")[1])["run"]
    page = Path(json.loads(command("report", run, "--json")[1])["html"]).read_text()
    assert "data:image/png;base64," in page and "http" not in page and "src=" in page
    assert "closed-form" in page and 'class="holds"' in page and "<summary>10 rounds</summary>" in page
    assert page.count('class="say"') == 4 * 15  # four players, two plays of 5 and 10 rounds


def test_transcripts_are_cut_and_escaped():
    lines = [Happening("p<", k, k, "answer", "<b>Ann", {"answer": "<script>" + "x" * 3000}) for k in range(250)]
    lines += [Happening(f"q{k}", 0, 0, "event", "", {"n": 1}) for k in range(30)]
    said = html.plays(lines)
    assert "<script>" not in said and "&lt;b&gt;Ann" in said and "p&lt;" in said
    assert "50 more lines are in the store" in said and "11 more plays are in the store" in said
    assert "more characters" in said and len(said) < 600_000
    assert html.plays([]) == ""


def test_an_answer_reads_as_what_was_said():
    assert html.spoken({"response": "ten each", "conclude": False, "next_speaker": ""}) == "ten each\nconclude: False"
    assert html.spoken(7) == "7" and html.spoken({"no_answer": "illegal", "raw": "x"}) == "(no answer: illegal)"


def test_a_run_as_frames(command, guessing, tmp_path):
    (tmp_path / "rows.py").write_text(ROWS)
    run = json.loads(command("run", "rows.py", "--json")[1])["run"]
    found = load_run(run)
    assert found.frame().to_dict("list") == {"who": ["a", "b"], "gain": [1.0, 2.0]}
    assert found.frame("other").to_dict("list") == {"x": [3]}
    assert list(found.tables()["Gains"].columns) == ["who", "gain", "gain low", "gain high"]
    with pytest.raises(BadInput, match="no field 'x'"):
        found.frame("x")
    run = json.loads(command("run", guessing, "--json")[1])["run"]
    one = load_run(run, tmp_path / "manyminds.db")
    assert len(one.events()) == 75 and list(one.claims()["verdict"]) == ["holds", "needs-endpoint"]
    assert len(one.frame()) == 1 and one.metrics()["closed-form"] < 1e-9
    sweep = json.loads(command("run", guessing, "depth=1|2", "--seeds", "0,1", "--json")[1])["sweep"]
    table = load_sweep(sweep).frame()
    assert list(table["depth"]) == [1, 1, 2, 2] and list(table["seed"]) == [0, 1, 0, 1]
    with pytest.raises(BadInput, match="unknown run"):
        load_run("nothing")


def test_the_names_of_figures():
    class Results(PaperResults):
        gain: float
        label: str = "x"

    tables = [
        Table("One", ("who", "mean"), (("we", Estimate(1.0, 0.0, 2.0, 3)),)),
        Table("Two", ("who", "where", "n"), (("a", "x", 1), ("a", "y", 2))),
    ]
    paper = Paper("p", "P", "none", PaperConfig, Results, None, (), lambda results: tables)
    assert measures(paper, Results(gain=4)) == {"gain": 4, "mean": 1, "a, x: n": 1, "a, y: n": 2}


def test_bars_show_what_is_left_and_what_is_spent():
    screen = Console(force_terminal=True, width=120, record=True)
    totals = Totals()
    with bars(screen) as watch:
        watch.follow(totals)
        done = watch.begin(4, "societies")
        done()
        totals.add(b"k", Completion("x", Usage(1000, 234, 1.5)))
        over = watch.begin(1, "runs")
        over()
    shown = screen.export_text()
    assert "societies" in shown and "1/4" in shown and "1 calls 1,234 tokens $1.50" in shown and ":" in shown
    assert spending(0, 0, 0) == ""


def test_the_doctor_tries_what_it_names(command, monkeypatch):
    with serving(lambda messages: "x") as server:
        found = {
            one["name"]: one for one in json.loads(command("doctor", "--endpoint", server.url, "--json")[1])["found"]
        }
        assert found["endpoint"]["present"] and server.url in found["endpoint"]["detail"]
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        assert doctor.endpoint().present
    assert {"gpu", "sandbox", "weights", "house model", "OPENAI_API_KEY", "ray"} <= set(found)
    assert all(one["present"] or one["remedy"] for one in found.values())
    dead = doctor.endpoint("http://127.0.0.1:9/v1")
    assert not dead.present and "is it running" in dead.detail and dead.remedy
    code, out, _ = command("doctor")
    assert code == 0 and "--  endpoint" in out


def test_weights_are_found_where_the_hub_keeps_them(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert not doctor.weights().present
    (tmp_path / "models--maker--small").mkdir()
    assert doctor.weights().present and "maker/small" in doctor.weights().detail


def test_the_sandbox_is_only_what_really_starts(monkeypatch):
    from manyminds.agents import sandbox

    found = sandbox.Isolation("none", "no isolation holds here", ("landlock: no Landlock",))
    monkeypatch.setattr(sandbox, "isolation", lambda: found)
    assert not doctor.sandbox().present and "no Landlock" in doctor.sandbox().detail
    assert "bubblewrap" in doctor.sandbox().remedy
    monkeypatch.setattr(sandbox, "isolation", lambda: sandbox.Isolation("landlock", "landlock 3, seccomp, limits"))
    assert doctor.sandbox().present and doctor.sandbox().detail == "landlock 3, seccomp, limits"


@pytest.mark.parametrize("by", ["room", "state", "year", "stands"])
def test_papers_in_groups(command, by):
    found = json.loads(command("list", "--by", by, "--json")[1])
    slugs = {paper["slug"] for paper in found["papers"]}
    assert {slug for group in found["groups"].values() for slug in group} == slugs
    assert len(slugs) == 62 or by == "stands"
    assert command("list", "--by", by)[0] == 0


def test_show_says_how_to_cite(command, guessing):
    code, out, _ = command("show", "govsim")
    assert code == 0 and "Piatti" in out and "arXiv 2404.16698" in out and "months" in out
    about = json.loads(command("show", guessing, "--json")[1])
    assert about["citation"].startswith("Guess a share") and "depth" in about["settings"]


def test_help_is_quick_to_import():
    heavy = (
        "{'jax', 'openai', 'sqlalchemy', 'scipy', 'numpy', 'matplotlib', 'torch', 'pandas', 'ray'} & set(sys.modules)"
    )
    code = f"import sys; import manyminds.lab.command; print({heavy})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"


def test_unscored_is_not_zero_in_a_frame(command, tmp_path):
    (tmp_path / "nan.py").write_text(UNSCORED)
    run = json.loads(command("run", "nan.py", "--json")[1])["run"]
    found = load_run(run)
    assert (
        math.isnan(found.metrics()["gain"])
        and math.isnan(found.results.gain)
        and math.isinf(found.results.rows[0].gain)
    )


ROWS = """
from pydantic import BaseModel
from manyminds.core import Estimate, Paper, PaperConfig, PaperResults, Table
class Row(BaseModel):
    who: str
    gain: float
class Results(PaperResults):
    rows: list[Row]
    other: list[dict]
async def run(config, lab):
    return Results(rows=[Row(who="a", gain=1), Row(who="b", gain=2)], other=[{"x": 3}])
def tables(results):
    return [Table("Gains", ("who", "gain"), (("a", Estimate(1.0, 0.0, 2.0, 3)),))]
PAPER = Paper("rows", "R", "none", PaperConfig, Results, run, (), tables)
"""
UNSCORED = """
from pydantic import BaseModel
from manyminds.core import Paper, PaperConfig, PaperResults
class Row(BaseModel):
    gain: float
class Results(PaperResults):
    gain: float
    rows: list[Row]
async def run(config, lab):
    return Results(gain=float("nan"), rows=[Row(gain=float("inf"))])
PAPER = Paper("nan", "N", "none", PaperConfig, Results, run, ())
"""
