"""The paper with minds behind a server: every method, faults, resume, data files, and the house model's own forms."""

import gzip
import json
import re
from hashlib import blake2b
from random import Random

import pytest
from paper_runs import ran, verdicts
from server import seeded_faults, serving

from manyminds.core import BadInput, NotHere, Seeds
from manyminds.lab.command import main
from manyminds.models import load as loading
from manyminds.models.scripted import Scripted
from manyminds.papers.mallm import tasks
from manyminds.papers.mallm.chain import followed
from manyminds.papers.mallm.paper import PAPER, Config
from manyminds.papers.mallm.talks import ALONE, ENDLESS, SINGLE, Talk, at_length

QUICK = {"items": 1, "repeats": 1, "turns": 2, "personas": "none"}


def chance(text):
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big") / 2**32


class Mind:
    """A pure function of what it reads: knows the answers of the stand-ins, errs by a hash, follows every form."""

    def __init__(self, of=tasks.STANDINS, seed=1):
        asked = tasks.standins(Seeds(seed).child("standins"), 24, 3, of)
        self.answers = {one.question.text: one.references[0] for one in asked}
        self.calls = 0

    def gold(self, text):
        return next((answer for asked, answer in self.answers.items() if asked in text), "x")

    def reply(self, messages):
        self.calls += 1
        whole = "\n".join(message["content"] for message in messages)
        users = [m["content"] for m in messages if m["role"] == "user"]
        last = next(text for text in reversed(users) if not text.startswith("That cannot be used"))
        answer = self.gold(whole) if chance(whole) < 0.7 else "nobody"
        if '"role"' in last:
            number = len(re.findall(r"^- ", last, re.M))
            return json.dumps({"role": f"Expert {number}", "description": f"knows part {number}"})
        if "Copy the solution" in last:
            return last.rpartition("my solution is ")[2].strip() or "x"
        if "sounds right and is wrong" in last:
            return "wrong"
        if "Vote for" in last:
            return "Answer: 0"
        if "your final answer" in last or "Merge" in last:
            return answer
        ending = f"my solution is {answer}\nSolution: {answer}"
        if "Begin with [AGREE]" in last:
            return "[AGREE] yes" if chance(whole + "?") < 0.4 else f"[DISAGREE] no, {ending}"
        return ending


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr("manyminds.models.door.Patience.wait", lambda self, failures: 0.0)


def test_every_method_talks_over_http(tmp_path):
    mind = Mind()
    with serving(mind.reply) as server:
        report = ran(PAPER, tmp_path, Config(model=f"{server.url}#m", repeats=2, items=1, turns=2, challenge=True))
        most = server.most_in_flight
    results = report.results
    assert most <= 16  # the run's concurrency
    methods = {talk.method for talk in results.talks}
    assert methods == {SINGLE, ALONE, ENDLESS, "memory", "report", "relay", "debate"}
    assert {talk.task for talk in results.talks} == set(tasks.STANDINS)
    assert len(results.talks) == 4 * 2 * 7  # tasks, repeats, methods
    for talk in results.talks:
        assert talk.messages == len(talk.written) and talk.turns == len(talk.scores) and talk.seconds > 0
        if talk.method == ENDLESS:
            assert talk.turns == 2 and talk.messages == 6
        if talk.method == SINGLE:
            assert talk.messages == 1
    alone = [t for t in results.talks if t.method == ALONE]
    assert min(t.messages for t in alone) >= 6  # as many as the longest discussion of the same item
    titles = [table.title for table in PAPER.tables(results)]
    assert "At equal length" in titles and "Challenged answers" in titles
    found = verdicts(PAPER, results)
    assert found["centre"] in ("holds", "fails") and found["ethics"] == "needs-endpoint"
    logs = list((tmp_path / "runs" / report.run.id / "talks").glob("*.json"))
    assert len(logs) == len(results.talks)
    record = json.loads(logs[0].read_text())
    assert {"example_id", "globalMemory", "agentMemory", "decisionSuccess", "finalAnswer"} <= set(record)


def shape(results):
    """Everything but the clock."""
    return [talk.model_copy(update={"seconds": 0.0}) for talk in results.talks]


def test_faults_are_asked_again_and_counted(tmp_path):
    mind = Mind()
    with serving(mind.reply, plan=seeded_faults(0.2, 3)) as server:
        report = ran(PAPER, tmp_path, Config(model=f"{server.url}#m", **QUICK))
    assert report.exit_code == 0 and report.run.usage["faults"]
    assert all(0 <= talk.score <= 1 for talk in report.results.talks)


def test_a_babbling_mind_gets_no_score_and_is_counted(tmp_path):
    with serving(lambda messages: " ") as server:
        report = ran(PAPER, tmp_path, Config(model=f"{server.url}#m", paradigms=("relay",), **QUICK))
    assert {talk.score for talk in report.results.talks} == {0.0}
    assert all(talk.faults["silent"] for talk in report.results.talks)
    assert not any(talk.decided for talk in report.results.talks)


def said(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    return left.value.code, capsys.readouterr()


def test_an_outage_is_resumed_and_nothing_is_paid_twice(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    mind, limit = Mind(seed=0), [60]
    with serving(mind.reply, plan=lambda n, body: "500" if n >= limit[0] else None) as server:
        options = [f"{k}={v}" for k, v in QUICK.items()]
        code, out = said(capsys, "run", "mallm", f"model={server.url}#m", *options, "--seed", "0")
        assert code == 2 and "manyminds resume" in out.err + out.out
        run = (out.err + out.out).split("manyminds resume ")[1].split()[0]
        limit[0] = 10**9
        code, out = said(capsys, "resume", run, "--json")
        answered = sum(entry[2] for entry in server.log)
        found = json.loads(out.out)
        assert code == 0 and found["usage"]["replayed"] > 0
    assert answered == mind.calls == found["usage"]["calls"]
    resumed = [Talk.model_validate(talk) for talk in found["results"]["talks"]]
    with serving(Mind(seed=0).reply) as server:
        (tmp_path / "b").mkdir()
        straight = ran(PAPER, tmp_path / "b", Config(model=f"{server.url}#m", **QUICK), 0)
    alike = [talk.model_copy(update={"seconds": 0.0}) for talk in resumed]
    assert alike == shape(straight.results)


def test_one_role_down_stops_the_run_and_says_which(tmp_path):
    with serving(Mind().reply) as server, serving(lambda m: "x", plan=lambda n, body: "500") as dead:
        config = Config(model=f"{server.url}#m", extractor=f"{dead.url}#extractor", **QUICK)
        report = ran(PAPER, tmp_path, config)
    assert report.run.status == "down" and "extractor" in report.run.reason


def test_the_house_model_talks_in_its_own_forms(tmp_path, monkeypatch):
    """A scripted mind in its place: no tags, no personas; who comes to the same answer agrees. The levels are those of
    its card."""
    answers, seen = Mind(tasks.nursery((2, 3))), []
    (tmp_path / "card.json").write_text(json.dumps({"standard": {"sums worked": {"levels": [2, 3]}}}))
    monkeypatch.setattr(loading, "HOUSE", tmp_path)

    def house(request):
        text = request.messages[-1].content
        seen.append(text)
        gold = answers.gold(text)
        value = gold if chance(text + request.repeat) < 0.6 else "0"
        return f"1+1=2\n#{value}"

    monkeypatch.setattr(loading, "load", lambda reference: Scripted("house", house))
    monkeypatch.setattr("manyminds.lab.runner.load", lambda reference: Scripted("house", house))
    report = ran(PAPER, tmp_path, Config(model="house", items=8, repeats=3, turns=3))
    talks = report.results.talks
    assert {talk.task for talk in talks} == {"sums"} and len({talk.item for talk in talks}) == 8
    assert {talk.method for talk in talks} == {SINGLE, ALONE, ENDLESS, *Config().paradigms}
    assert all(text.endswith(("<t>", "<r>")) and len(text.split("\n#")) == 1 for text in seen)
    assert any(talk.decided for talk in talks) and any(talk.score == 1 for talk in talks)
    titles = [table.title for table in PAPER.tables(report.results)]
    assert {"At equal length", "Spoiling and mending", "Half of the items, predicted from the others"} <= set(titles)
    found = verdicts(PAPER, report.results)
    assert found["predicted"] == found["house-predicted"] and found["predicted"] in ("holds", "fails")


def test_without_a_house_model_or_its_card_the_reason_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "HOUSE", tmp_path / "none")
    with pytest.raises(BadInput, match="not part of this version"):
        ran(PAPER, tmp_path, Config(model="house"))
    monkeypatch.setattr("manyminds.lab.runner.load", lambda reference: Scripted("house", lambda request: "#1"))
    with pytest.raises(NotHere, match="manyminds calibrate"):
        ran(PAPER, tmp_path, Config(model="house"))


def drifted(rng, items, repeats, turns, spoil, mend):
    """Talks whose solutions follow a chain, with rates that may depend on the turn."""
    found = []
    for item in range(items):
        for repeat in range(repeats):
            right = [rng.random() < 0.4]
            for turn in range(1, turns):
                right.append(rng.random() >= spoil(turn) if right[-1] else rng.random() < mend(turn))
            found.append(Talk(task="t", method=ENDLESS, repeat=repeat, item=str(item), scores=list(map(float, right)),
                              score=float(right[-1]), decided=False, turns=turns, messages=turns, calls=0, tokens=0,
                              written=[], seconds=0, shares=[1], positions=[], gini=0, won=None, diversity=None,
                              faults={}, measures={}))  # fmt: skip
    return found


def test_rates_of_half_predict_a_chain_and_no_other_process():
    def furthest(spoil, mend):
        found = followed(drifted(Random(3), 300, 2, 7, spoil, mend))
        assert found.talks == 300 and found.first == pytest.approx(0.4, abs=0.1)
        return (abs(found.seen - found.expected) / found.errors).max()

    assert furthest(lambda turn: 0.1, lambda turn: 0.3) < 2
    assert furthest(lambda turn: 0.0, lambda turn: 0.9 * (turn == 6)) > 4  # all is mended at the end
    assert followed(drifted(Random(3), 9, 1, 7, lambda turn: 0.1, lambda turn: 0.3)) is None


# ---- data


FILES = {
    "xsum": '{"document": "A long text. It rains.", "summary": "It rains.", "id": "7"}\n',
    "wmt": '{"translation": {"de": "Es regnet.", "en": "It rains."}}\n',
    "etpc": '{"idx": 1, "sentence1": "It rains.", "sentence2": "Rain falls.", "etpc_label": 1, "paraphrase_types":'
    ' ["Synonym"]}\n{"idx": 2, "sentence1": "a", "sentence2": "b", "etpc_label": 0}\n',
    "squad": json.dumps({"data": [{"paragraphs": [{"context": "Rome is old.", "qas": [
        {"id": "1", "question": "What is old?", "answers": [{"text": "Rome"}]},
        {"id": "2", "question": "Who is old?", "answers": [], "is_impossible": True}]}]}]}),
    "strategyqa": json.dumps({"examples": [{"input": "Do fish swim?", "target_scores": {"Yes": 1, "No": 0}}]}),
    "ethics": json.dumps({"examples": [{"input": "Lie?", "target_scores": {"No, tell the truth.": 1, "Yes.": 0}}]}),
}  # fmt: skip
GOLD = {"xsum": "It rains.", "wmt": "It rains.", "etpc": "Rain falls.", "squad": "unknown", "strategyqa": "A)",
        "ethics": "no, tell the truth"}  # fmt: skip


def written(folder):
    for task, text in FILES.items():
        (folder / f"{task}.json").write_text(text)
    return [f"{task}={folder / f'{task}.json'}" for task in FILES]


def test_the_six_tasks_through_their_loaders(tmp_path):
    for entry in written(tmp_path):
        task = entry.partition("=")[0]
        found = tasks.from_file(entry, Seeds(1), 0)
        assert len(found) == (2 if task == "squad" else 1)
        best = max(one.score(GOLD[task]) for one in found)
        assert best > 0.9 if task == "etpc" else best == 1 and max(one.score("qq") for one in found) == 0
    assert "Synonym" in tasks.from_file(f"etpc={tmp_path / 'etpc.json'}", Seeds(1), 0)[0].question.text
    packed = tmp_path / "x.json.gz"
    packed.write_bytes(gzip.compress(FILES["xsum"].encode()))
    assert tasks.from_file(f"xsum={packed}", Seeds(1), 5)[0].id == "7"
    for bad in ("xsun=x", "xsum", f"xsum={tmp_path / 'none'}"):
        with pytest.raises(BadInput):
            tasks.from_file(bad, Seeds(1), 1)


def test_a_run_on_files_reports_every_measure(tmp_path):
    entries = tuple(written(tmp_path))
    with serving(lambda messages: "[DISAGREE] Solution: It rains." if "Copy the" not in messages[-1]["content"] else
                 "It rains.") as server:  # fmt: skip
        config = Config(model=f"{server.url}#m", data=entries, items=0, repeats=1, turns=2, personas="none",
                        style="marked", paradigms=("memory",))  # fmt: skip
        report = ran(PAPER, tmp_path, config)
    rows = {(t.task, t.method): t for t in report.results.talks}
    assert rows["wmt", "memory"].score == 1 and rows["xsum", "memory"].measures["rouge-l"] == 1
    assert not rows["squad", "memory"].measures
    assert "Texts against references" in [table.title for table in PAPER.tables(report.results)]


def test_the_sample_size_of_the_paper():
    """n0 / (1 + (n0 - 1) / N): 88.7 of the 115 ethical items, so 89."""
    n0 = 384.16
    assert n0 / (1 + (n0 - 1) / 115) == pytest.approx(88.7, abs=0.05)
    assert tasks.sample_size(115) == 89 and tasks.sample_size(1) == 1 and tasks.sample_size(10**9) == 385


def test_equal_length_counts_messages_or_tokens():
    base = dict(task="t", repeat=0, item="i", score=0, decided=False, calls=0, tokens=0, seconds=0, shares=[1],
                positions=[], gini=0, won=None, diversity=None, faults={}, measures={})  # fmt: skip
    alone = Talk(method=ALONE, scores=[0, 0.5, 1], turns=3, messages=3, written=[10, 10, 10], **base)
    talk = Talk(method="memory", scores=[0], turns=1, messages=3, written=[7, 7, 7], **base)
    assert at_length(alone, talk, tokens=False) == 1 and at_length(alone, talk, tokens=True) == 0.5
