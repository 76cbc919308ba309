"""Verifying: every claim gets a verdict whatever breaks on the way, and the exit code tells what happened."""

import json

import pytest
from server import serving

from manyminds.lab.page import kept, stable
from manyminds.lab.verifying import Verified

PROBES = '''"""Claims that hold, fail, break, and want things."""

from manyminds.core import Claim, Finding, NotHere, Paper, PaperConfig, PaperResults
from manyminds.core.statistics import mean
from manyminds.models.request import Request, user


class Config(PaperConfig):
    size: int = 1
    model: str = ""
    asks: int = 3


class Results(PaperResults):
    size: int
    draw: float
    said: tuple[str, ...] = ()


async def run(config, lab):
    if config.size == 13:
        raise RuntimeError("thirteen\\nis unlucky")
    said = []
    if config.model:
        for k in range(config.asks):
            asked = Request((user(f"number {k}"),), repeat=f"{lab.seeds}/{config.size}/{k}")
            said.append((await lab.model(config.model).complete(asked)).text)
    return Results(size=config.size, draw=lab.seeds("x").random(), said=tuple(said))


def spoke(results):
    if not results.said:
        raise NotHere("no model took part")
    return Finding(float(len(results.said)), True)


def spread(results):
    return Finding(found := mean([one.draw for one in results]), found.n == 4 and found.low < 0.5 < found.high)


def broken(results):
    return Finding(1 / 0, True)


def one(results):
    return Finding(float(results.size), results.size == 1)


CLAIMS = (CHOSEN)
PAPER = Paper("probes", "Probes", "none", Config, Results, run, CLAIMS)
'''
CLAIM = {
    "one": 'Claim("one", "size is one", "here", "1", one),',
    "two": 'Claim("two", "size is one though it is two", "here", "1", one, config={"size": 2}),',
    "broken": 'Claim("broken", "a check that breaks", "here", "1", broken),',
    "unlucky": 'Claim("unlucky", "a run that breaks", "here", "1", one, config={"size": 13}),',
    "speaks": 'Claim("speaks", "a model speaks", "here", "3", spoke, needs="endpoint"),',
    "speaks7": 'Claim("speaks7", "a model speaks", "here", "3", spoke, needs="endpoint", config={"size": 7}),',
    "speaks8": 'Claim("speaks8", "a model speaks", "here", "3", spoke, needs="endpoint", config={"size": 8}),',
    "data": 'Claim("data", "with data", "here", "3", spoke, needs="data"),',
    "spread": 'Claim("spread", "draws centre on a half", "here", "0.5", spread, seeds=4),',
}


@pytest.fixture
def verify(command, tmp_path):
    """Verify a paper with the named claims; gives the exit code, the object and what stood on standard error."""

    def call(names, *words):
        path = tmp_path / "probes.py"
        path.write_text(PROBES.replace("CHOSEN", "\n    ".join(["", *(CLAIM[name] for name in names.split())])))
        code, out, err = command("verify", str(path), *words, "--json")
        return code, json.loads(out) if out else None, err

    return call


def verdicts(found):
    return {claim["id"]: claim["verdict"] for claim in found["claims"]}


def test_what_breaks_fails_with_its_reason_and_the_rest_goes_on(verify):
    code, found, _ = verify("broken unlucky one two speaks data")
    assert code == 1 and list(verdicts(found).values()) == [
        "fails", "fails", "holds", "fails", "needs-endpoint", "needs-data",
    ]  # fmt: skip
    said = {claim["id"]: claim["measured"] for claim in found["claims"]}
    assert "ZeroDivisionError" in said["broken"] and "thirteen is unlucky" in said["unlucky"]
    assert said["two"] == 2 and said["speaks"] == "no model took part"


def test_a_claim_about_many_seeds_is_checked_on_all_of_them(verify, command, tmp_path):
    code, found, _ = verify("spread one")
    spread, _ = found["claims"]
    assert code == 0 and (spread["n"], spread["verdict"]) == (4, "holds") and found["seeds"] == [0, 1, 2, 3]
    assert len(found["runs"]) == 5
    alone = json.loads(command("run", str(tmp_path / "probes.py"), "--json")[1])
    assert [claim["id"] for claim in alone["claims"]] == ["one"]


@pytest.mark.parametrize("words", ["--model {}", "model={}"])
def test_an_endpoint_judges_what_needs_one_and_leaves_the_rest_as_it_stands(verify, words):
    with serving(lambda messages: "yes") as server:
        code, found, _ = verify("one two speaks speaks7", *words.format(f"{server.url}#m").split(), "asks=2")
        assert len(server.log) == 4
    assert code == 1 and verdicts(found) == {"one": "holds", "two": "fails", "speaks": "holds", "speaks7": "holds"}
    assert found["usage"]["calls"] == 4 and found["config"]["asks"] == 2


def test_an_endpoint_that_dies_on_the_way_leaves_a_verdict_on_every_claim(verify, monkeypatch):
    monkeypatch.setattr("manyminds.models.door.Patience.wait", lambda self, failures: 0)
    with serving(lambda messages: "yes") as server:
        server.plan = lambda n, body: "500" if n >= 4 else None
        words = ("--model", f"{server.url}#m")
        code, found, err = verify("one speaks speaks7 speaks8", *words)
    assert verdicts(found) == {
        "one": "holds", "speaks": "holds", "speaks7": "needs-endpoint", "speaks8": "needs-endpoint",
    }  # fmt: skip
    assert "in a row" in found["claims"][2]["measured"] and code == 2 and "manyminds resume" in err


def test_a_spent_budget_leaves_a_verdict_on_every_claim(verify):
    with serving(lambda messages: "yes") as server:
        words = ("--model", f"{server.url}#m", "--budget", "4 calls")
        code, found, err = verify("one speaks speaks7", *words)
        assert len(server.log) == 4
    assert code == 3 and "budget" in err
    assert verdicts(found) == {"one": "holds", "speaks": "holds", "speaks7": "needs-endpoint"}


def test_an_endpoint_out_of_reach_is_bad_input(verify, command):
    code, found, err = verify("one speaks", "--model", "http://127.0.0.1:9/v1#m")
    assert code == 2 and found is None and "is it running" in err and err.count("\n") == 1
    assert json.loads(command("runs", "--json")[1]) == {"runs": []}


def test_all_goes_on_after_a_paper_that_cannot_begin(command, monkeypatch, tmp_path, guessing):
    probes = tmp_path / "probes.py"
    probes.write_text(PROBES.replace("CHOSEN", CLAIM["one"]))
    (tmp_path / "faulty.py").write_text("import nothing_of_that_name\n")
    monkeypatch.setattr("manyminds.papers.index.INDEX", tuple(map(Entry, (str(tmp_path / "faulty.py"), str(probes)))))
    code, out, err = command("verify", "all", "--json")
    broken, whole = json.loads(out)["papers"]
    assert code == 2 and "nothing_of_that_name" in err and broken["claims"] == []
    assert verdicts(whole) == {"one": "holds"}
    code, _, err = command("verify", "all", "model=x")
    assert code == 2 and "one paper" in err


class Entry:
    """An entry of the index that is found by its path."""

    implemented = True

    def __init__(self, slug):
        self.slug = slug


def test_kept_results_are_written_the_same_way_every_time(verify, tmp_path):
    code, found, _ = verify("two one", "--keep")
    path = tmp_path / "results" / "probes.json"
    written = json.loads(path.read_text())
    assert code == 1 and "run" not in written and "runs" not in written
    assert {"paper", "claims", "config", "seeds", "versions", "usage", "date"} <= set(written)
    assert written["claims"] == found["claims"]
    before = path.read_text()
    verify("two one", "--keep")
    assert path.read_text() == before == stable(written)
    assert stable({"b": 0.1 + 0.2, "a": float("nan")}) == '{\n "a": null,\n "b": 0.3\n}\n'


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    from manyminds.core import BadInput

    (tmp_path / "results").write_text("a file")
    with pytest.raises(BadInput, match="cannot be written"):
        kept(Verified("x"), tmp_path / "results")


def test_some_claims_alone_are_checked_on_their_runs_alone(verify, command, tmp_path):
    code, found, _ = verify("one two speaks speaks7", "--claims", "one,speaks*")
    assert code == 0 and set(verdicts(found)) == {"one", "speaks", "speaks7"} and len(found["runs"]) == 2
    code, found, err = verify("one two", "--claims", "three")
    assert (code, found) == (2, None) and "unknown claim 'three'" in err
    code, found, err = verify("one two", "--claims", "one", "--keep")
    assert (code, found) == (2, None) and "keeps all of its claims" in err and not (tmp_path / "results").exists()
