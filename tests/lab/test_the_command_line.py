"""What the command line prints and leaves with."""

import json
import subprocess
import sys

import pytest

from manyminds.core.trajectory import read_jsonl

SAYS_FORTY = "model=scripted:manyminds_forty:forty"


@pytest.fixture(autouse=True)
def script(monkeypatch, tmp_path):
    """A model that always says 40, as a module of the user."""
    (tmp_path / "manyminds_forty.py").write_text("def forty(request):\n    return '40'\n")
    monkeypatch.syspath_prepend(str(tmp_path))


def test_run_prints_one_object(command, guessing):
    code, out, err = command("run", guessing, "depth=2", "--json", "--seed", "7")
    found = json.loads(out)
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert found["paper"] == "guessing" and found["seeds"] == [7] and found["config"]["depth"] == 2
    assert {"run", "versions", "usage", "claims", "results"} <= set(found)
    assert {"calls", "tokens", "money", "invalid_answers"} <= set(found["usage"])
    named = {"id", "statement", "where", "paper", "measured", "low", "high", "n", "needs", "verdict"}
    assert all(set(claim) == named for claim in found["claims"])
    assert {claim["id"]: claim["verdict"] for claim in found["claims"]} == {
        "closed-form": "holds",
        "spoken": "needs-endpoint",
    }


def test_verify_judges_every_claim_under_its_own_config(command, guessing):
    code, out, _ = command("verify", guessing, "--json")
    found = json.loads(out)
    assert code == 0 and "results" not in found and len(found["runs"]) == 3
    assert [claim["verdict"] for claim in found["claims"]] == ["holds", "holds", "needs-endpoint"]


def test_verify_leaves_with_one_when_a_claim_fails(command, guessing, tmp_path):
    from pathlib import Path

    broken = tmp_path / "broken.py"
    broken.write_text(Path(guessing).read_text().replace("gap < 1e-9", "gap < -1"))
    code, out, _ = command("verify", str(broken), "--json")
    assert code == 1 and json.loads(out)["claims"][0]["verdict"] == "fails"


def test_tables_fit_a_hundred_columns(command, guessing):
    code, out, _ = command("run", guessing)
    assert code == 0 and "closed-form" in out and "averages.png" in out
    assert max(len(line) for line in out.splitlines() if not line.startswith("/")) <= 100


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "govsm"), "'govsim'"),
        (("run", "GUESSING", "dept=2"), "'depth'"),
        (("run", "GUESSING", "share=2"), "share='2' cannot be: it should be less than 1"),
        (("run", "GUESSING", "depth"), "key=value"),
        (("run", "GUESSING", "--budget", "lots"), "'200k tokens'"),
        (("run", "GUESSING", "model=scripted:nobody"), "nobody"),
        (("run", "nowhere.py"), "there is no file nowhere.py"),
        (("resume", "guessing-000000"), "unknown run"),
        (("export", "x", "--to", "x.csv"), ".jsonl or .parquet"),
        (("run", "GUESSING", "--store", "no/such/place.db"), "does not exist"),
        (("rum",), "rum"),
    ],
)
def test_bad_input_is_one_line_and_two(command, guessing, tmp_path, arguments, said):
    code, out, err = command(*(guessing if word == "GUESSING" else word for word in arguments))
    assert code == 2 and out == "" and said in err
    assert err.startswith("manyminds: ") and err.count("\n") == 1
    assert not list(tmp_path.glob("runs"))


def test_a_dead_endpoint_writes_no_run(command, guessing):
    code, out, err = command("run", guessing, "model=http://127.0.0.1:9/v1#nobody", "--json")
    assert code == 2 and out == "" and "127.0.0.1:9" in err
    assert json.loads(command("runs", "--json")[1]) == {"runs": []}


def test_a_spent_budget_is_three_and_goes_on_without_paying_twice(command, guessing):
    words = ("run", guessing, SAYS_FORTY, "rounds=3,4", "players=2", "--json", "--concurrency", "1")
    code, out, err = command(*words, "--budget", "5 calls")
    stopped = json.loads(out)
    assert code == 3 and stopped["status"] == "budget" and f"manyminds resume {stopped['run']}" in err
    code, out, _ = command("resume", stopped["run"], "--json")
    done = json.loads(out)
    assert code == 0 and done["run"] == stopped["run"] and done["usage"]["calls"] == 14
    assert done["usage"]["replayed"] == stopped["usage"]["calls"] == 5
    assert done["results"]["averages"] == {"3": [40] * 3, "4": [40] * 4}
    again = json.loads(command("resume", stopped["run"], "--json")[1])
    assert again == done
    assert command("export", done["run"], "--to", "lines.jsonl")[0] == 0
    from pathlib import Path

    lines = read_jsonl(Path("lines.jsonl"))
    assert len(lines) == 3 * 3 + 4 * 3 and len({(line.play, line.index) for line in lines}) == len(lines)


def test_export_parquet(command, guessing):
    import pandas

    run = json.loads(command("run", guessing, "--json")[1])["run"]
    assert command("export", run, "--to", "lines.parquet")[0] == 0
    table = pandas.read_parquet("lines.parquet")
    assert len(table) == (5 + 10) * (4 + 1) and set(table["kind"]) == {"answer", "round"}


def test_report_is_one_page_without_links(command, guessing):
    run = json.loads(command("run", guessing, "--json")[1])["run"]
    found = json.loads(command("report", run, "--json")[1])
    from pathlib import Path

    page = Path(found["html"]).read_text()
    assert "data:image/png;base64," in page and "http" not in page and "closed-form" in page


def test_list_show_runs_doctor(command, guessing):
    assert len(json.loads(command("list", "--json")[1])["papers"]) == 62
    assert "govsim" in command("list")[1] and "depth" in command("show", guessing)[1]
    assert command("runs")[0] == 0 and command("doctor")[0] == 0
    assert command("--help")[0] == 0 and "months=6" in command("run", "--help")[1]


def test_help_imports_nothing_heavy():
    heavy = "{'jax', 'openai', 'sqlalchemy', 'scipy', 'numpy', 'matplotlib'} & set(sys.modules)"
    code = f"import sys; import manyminds.lab.command; print({heavy})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
