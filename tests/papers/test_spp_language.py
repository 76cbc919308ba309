"""Solo performance with a mind behind a server: six methods, two system messages, files, faults, resume, costs."""

import json
import re

import pytest
from paper_runs import ran, verdicts
from server import seeded_faults, serving

from manyminds.lab.command import main
from manyminds.papers.spp import arms, tasks
from manyminds.papers.spp.arms import Row
from manyminds.papers.spp.paper import PAPER, Config
from manyminds.papers.spp.published import METHODS
from manyminds.worlds.texts.codenames import Game


class Mind:
    """Follows every form; in Codenames it hints with a word of its own and guesses the first words."""

    def __init__(self, parses=True):
        self.parses, self.prompts, self.calls = parses, [], 0

    def reply(self, messages):
        self.calls += 1
        self.prompts.append(messages)
        text = messages[-1]["content"]
        answer = "They met in Rome on the Danube."
        if "Codenames:" in text:
            words = re.findall(r"^Words: (.*)$", text, re.M)[0].split(", ")
            targets = re.findall(r"^Targets: (.*)$", text, re.M)
            answer = "nearby" if targets else ", ".join(words[:4])
        elif "choice:" in text:
            answer = "2"
        if "--- Example" in text:
            end = f"Final answer: {answer}" if self.parses else "Over to you."
            return f"Participants: AI Assistant (you); Bo\nBo: I would say 7.\nAI Assistant (you): Good.\n{end}"
        return f"Answer: {answer}" if self.parses else answer


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr("manyminds.models.door.Patience.wait", lambda self, failures: 0.0)


def test_three_tasks_six_methods_two_system_messages(tmp_path):
    mind = Mind()
    with serving(mind.reply) as server:
        report = ran(PAPER, tmp_path, Config(model=f"{server.url}#m", items=1))
    rows = report.results.rows
    assert report.exit_code == 0 and len(rows) == 4 * 6 * 2 and not report.results.puzzles
    assert {row.task for row in rows} == {"trivia 5", "trivia 10", "codenames", "logic"}
    assert report.run.usage["calls"] == mind.calls == sum(row.calls for row in rows) == 2 * (5 + 3) * (3 + 2)
    assert all(row.parsed and row.calls == arms.calls_of(row.method, row.task) for row in rows)
    told = [messages[0]["role"] == "system" for messages in mind.prompts]
    assert sum(told) == len(told) / 2
    assert all(row.participants == 2 and row.turns == 2 for row in rows if row.method.startswith("spp"))
    found = verdicts(PAPER, report.results)
    assert found["calls"] == "holds" and found["gain-codenames"] == "fails"
    titles = [table.title for table in PAPER.tables(report.results)]
    assert titles == ["Six methods", "How the score depends on the rule", "Replies and their cost"]
    assert all(path.is_file() for path in PAPER.figures(report.results, tmp_path))

    lines = (tmp_path / "runs" / report.run.id / arms.FILE).read_text().splitlines()
    every = [json.loads(line) for line in lines]
    assert len(every) == len(rows)
    one = next(e for e in every if e["task"] == "codenames" and e["method"] == "self_refine")
    assert len(one["exchange"]) == 6 and one["hint"] == "nearby" and one["parse_ok"]
    assert one["parsed"].count(",") == 3 and one["metric"] == one["hits"] / one["of"]
    assert {"prompt", "raw", "prompt_tokens", "completion_tokens"} <= set(one["exchange"][0])


def test_the_guesser_never_sees_the_targets():
    game = Game("0", ("fox", "oak", "pine", "elm", "owl"), ("pine", "elm"))
    seen = tasks.guesser(game, "tree").text
    assert "Targets" not in seen and "tree" in seen and "2 words" in seen
    other = Game("0", game.words, ("fox", "oak"))
    assert tasks.guesser(other, "tree") == tasks.guesser(game, "tree")
    assert tasks.hint_of(" Tree. ") == "Tree"


def test_replies_that_do_not_parse_are_scored_whole_and_bounded(tmp_path):
    with serving(Mind(parses=False).reply) as server:
        report = ran(PAPER, tmp_path, Config(model=f"{server.url}#m", items=2, tasks=("logic", "trivia"),
                                             methods=("standard", "spp"), questions=(5,)))  # fmt: skip
    rows = report.results.rows
    solo = [row for row in rows if row.method == "spp"]
    assert not any(row.parsed for row in solo)
    assert all(row.problems["stops in the middle of the talk"] == 1 for row in solo)
    assert all(row.parsed for row in rows if (row.task, row.method) == ("trivia 5", "standard"))
    table = PAPER.tables(report.results)[1]
    for row in table.rows:
        if row[1] == "spp":
            assert row[3] == 0 <= row[2]
    assert all("no answer marked" in row.problems for row in rows if (row.task, row.method) == ("logic", "standard"))


def test_faults_are_tried_again_and_refusals_counted(tmp_path):
    mind = Mind()

    def refusing(body):
        return (400, {"error": {"message": "too long"}}) if "QUANTUM" in str(body["messages"]) else None

    config = {"items": 1, "tasks": ("logic",), "methods": ("standard", "spp")}
    with serving(mind.reply, plan=seeded_faults(0.3, 2, ("429", "500", "cut")), special=refusing) as server:
        report = ran(PAPER, tmp_path, Config(model=f"{server.url}#m", **config))
    assert report.exit_code == 0
    for row in report.results.rows:
        assert ("refused" in row.problems) == (row.method == "spp") and row.parsed == (row.method == "standard")


def test_files_in_the_released_forms(tmp_path):
    story = {"questions": ["a", "b"], "answers": [["Rome"], ["anub"]], "topic": "t", "question_ids": ["1", "2"]}
    game = {"idx": 3, "word_list": ["king arthur", "fog", "elm"], "target_words": ["king arthur"]}
    puzzle = {"idx": 7, "inputs": "Q: There are 2 houses.\nWhich?\n  choice: 1\n  choice: 2\nA:", "targets": ["2"],
              "multiple_choice_targets": ["1", "2"], "multiple_choice_scores": [0, 1]}  # fmt: skip
    given = []
    for name, one in (("trivia", story), ("codenames", game), ("logic", puzzle)):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(one) + "\n")
        given.append(f"{name}={tmp_path / name}.jsonl")
    mind = Mind()
    with serving(mind.reply) as server:
        report = ran(PAPER, tmp_path, Config(model=f"{server.url}#m", data=tuple(given), methods=("spp",),
                                             system=(False,)))  # fmt: skip
    hits = {row.task: (row.hits, row.strict, row.of) for row in report.results.rows}
    assert hits == {"trivia 2": (2, 1, 2), "codenames": (1, 1, 1), "logic": (1, 1, 1)}
    assert report.results.chances == {"trivia 2": 0.0, "codenames": 1 / 3, "logic": 0.5}
    asked = "\n".join(messages[-1]["content"] for messages in mind.prompts)
    assert "Q: There" not in asked and "\nA:" not in asked


def test_an_outage_is_resumed_and_nothing_is_paid_twice(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    mind, limit = Mind(), [20]

    def said(*arguments):
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        return left.value.code, capsys.readouterr()

    with serving(mind.reply, plan=lambda n, body: "500" if n >= limit[0] else None) as server:
        code, out = said("run", "spp", f"model={server.url}#m", "items=1", "system=false", "--seed", "0")
        assert code == 2
        run = (out.err + out.out).split("manyminds resume ")[1].split()[0]
        limit[0] = 10**9
        code, out = said("resume", run, "--json")
        answered = sum(entry[2] for entry in server.log)
        found = json.loads(out.out)
        assert code == 0 and found["usage"]["replayed"] > 0
    assert answered == mind.calls == found["usage"]["calls"] == 40
    rows = [Row.model_validate(row) for row in found["results"]["rows"]]
    lines = (tmp_path / "runs" / run / arms.FILE).read_text().splitlines()
    assert len(lines) == len(rows) == 4 * len(METHODS)


def test_raised_minds_are_asked_for_recall_in_order_of_size(tmp_path):
    """A server in place of two specialists that know nothing: the sweep is printed, no sign is forced."""
    with serving(lambda messages: "Participants: AI Assistant (you); cook\ncook: hm\nFinal answer: hm") as server:
        minds = (f"{server.url}#small", f"{server.url}#large")
        small = {"puzzles": 4, "games": 2, "proved": 1, "assignments": 14_400}
        report = ran(PAPER, tmp_path, Config(recall=minds, stories=3, seeds=1, facts=5, instructed=False, **small))
    assert [row.mind for row in report.results.recalled] == list(minds)
    assert report.run.usage["calls"] == 2 * 3 * 6
    found = verdicts(PAPER, report.results)
    assert found["right-tag"] == "fails" and found["recall-form"] == "absent"
    table = next(t for t in PAPER.tables(report.results) if t.title.startswith("Recall"))
    assert [row[0] for row in table.rows] == list(minds) and all(row[-2] == 0 for row in table.rows)
