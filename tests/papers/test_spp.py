"""Solo performance offline: claims hold on scripted minds, broken ones fail theirs, and logs are scored by hand."""

import asyncio
import json
from random import Random

import pytest
from paper_runs import ran, verdicts

from manyminds.core import BadInput, Seeds
from manyminds.models.request import Request, user
from manyminds.papers.spp import claims, logs, recall, scripted
from manyminds.papers.spp.organisms import ORGANISMS
from manyminds.papers.spp.paper import PAPER, Config, Results
from manyminds.worlds.texts import logic_puzzles
from manyminds.worlds.texts.persona_facts import Knowledge

OFFLINE = [c.id for c in PAPER.claims if c.needs == "nothing" and not c.id.startswith("organism-")]
VOICES = OFFLINE[: OFFLINE.index("right-tag")]
KEYED = OFFLINE[OFFLINE.index("right-tag") :]


def puzzles(count=30, proved=1):
    return asyncio.run(scripted.puzzled(Seeds(2), count, proved, 14_400))


def games(count=12):
    return asyncio.run(scripted.played(Seeds(2), count))


def stories(memory=recall.KeyedMemory(), count=60, seed=0):  # noqa: B008  a frozen value
    knowledge = Knowledge.drawn(Seeds(seed).child("book"), 50)
    told = recall.recalled("m", memory.knowing(knowledge), Seeds(seed), seed, count, 5, True, knowledge)
    return [asyncio.run(told)]


def judged(**parts):
    return verdicts(PAPER, Results(facts=600, **parts))


@pytest.fixture(scope="module")
def sound():
    return {"puzzles": puzzles(), "games": games(), "recalled": stories()}


def failing(found, names):
    return {name for name in names if found[name] == "fails"}


def test_all_claims_of_scripted_minds_hold(sound):
    found = judged(**sound)
    assert {found[name] for name in OFFLINE} == {"holds"}
    assert {name for name, how in found.items() if how == "absent"} == {c.id for c in ORGANISMS}


def test_a_run_prints_its_tables_and_draws(tmp_path):
    config = Config(puzzles=5, proved=1, assignments=14_400, games=2, stories=4, seeds=2, facts=5)
    report = ran(PAPER, tmp_path, config)
    assert report.exit_code == 0 and report.run.usage["calls"] == 0
    titles = [table.title for table in PAPER.tables(report.results)]
    assert titles == ["Logic grids, scripted voices", "Codenames, scripted voices on planted senses",
                      "Recall of persona-keyed facts"]  # fmt: skip
    assert all(path.is_file() for path in PAPER.figures(report.results, tmp_path))
    assert ran(PAPER, tmp_path, config).results == report.results


# ---- mutants: broken scripted minds and broken draws


def test_without_the_checker_the_solver_misses_what_propagates(monkeypatch):
    monkeypatch.setattr(scripted.Voices, "solved", lambda self, puzzle: solve_once(puzzle))
    assert failing(judged(puzzles=puzzles(20, 0)), VOICES) == {"voices-solve", "voices-exact", "checker"}


def solve_once(puzzle, solved=scripted.Voices.solved):
    return solved(scripted.Voices(None, critic=False), puzzle)


def test_a_voice_that_guesses_is_found_out(monkeypatch):
    """Where propagation leaves several houses it names one: right too often is wrong too."""
    solved = scripted.Voices.solved
    monkeypatch.setattr(scripted.Voices, "solved", lambda self, puzzle: solved(self, puzzle).replace("unknown", "1"))
    assert "voices-exact" in failing(judged(puzzles=puzzles(60, 0)), VOICES)


def test_clues_misread_are_found_out(monkeypatch):
    """A negation overlooked: what the voices then solve is not what propagates."""
    real = logic_puzzles.read

    def careless(text):
        return real(text.replace("is not in house", "is in house"))

    monkeypatch.setattr(logic_puzzles, "read", careless)
    assert "voices-exact" in failing(judged(puzzles=puzzles(60, 0)), VOICES)


def test_grids_with_a_clue_too_few_are_found_out(monkeypatch):
    real = logic_puzzles.needed
    monkeypatch.setattr(logic_puzzles, "needed", lambda clues, wrong: real(clues, wrong)[:-1])
    assert "unique" in failing(judged(puzzles=puzzles(10, 1)), VOICES)


def test_an_advocate_that_looks_at_targets_alone_gives_worse_hints(monkeypatch):
    hinted = scripted.Voices.hinted

    def blind(self, words, targets):
        return hinted(scripted.Voices(self.lexicon, critic=False), words, targets)

    monkeypatch.setattr(scripted.Voices, "hinted", blind)
    assert failing(judged(games=games(20)), VOICES) == {"hints"}


def test_a_guesser_who_is_told_the_targets_is_found_out(monkeypatch):
    """A leaking view: more is found than the hint can bring."""
    real, held = scripted.instance, {}

    async def instance(item, *rest):
        held["targets"] = getattr(item, "targets", ())
        return await real(item, *rest)

    def answer(self, request):
        text = request.messages[-1].content
        return f"Final answer: {', '.join(held['targets'])}" if "\nHint: " in text else speak(self, request)

    speak = scripted.Voices.__call__
    monkeypatch.setattr(scripted, "instance", instance)
    monkeypatch.setattr(scripted.Voices, "__call__", answer)
    assert "hints" in failing(judged(games=games(8)), VOICES)


@pytest.mark.parametrize(
    ("memory", "broken"),
    [
        # no tag matters: naming can gain nothing
        (recall.KeyedMemory(0.4, 0.4, 0.4, 0.4), {"right-tag", "spp-standard", "spp-fixed", "shuffled", "recall-form"}),
        # wrong tags help as much as right ones: what is gained is not the persona's
        (recall.KeyedMemory(0.6, 0.45, 0.4, 0.6), {"wrong-tag", "fixed-between", "shuffled", "recall-form"}),
        # the right persona is never named
        (recall.KeyedMemory(naming=0.0), {"spp-standard", "spp-fixed", "shuffled", "recall-form"}),
        # the fixed expert knows most
        (recall.KeyedMemory(fixed=0.9), {"fixed-between", "spp-fixed", "recall-form"}),
    ],
)
def test_memories_that_are_not_keyed_by_persona(memory, broken):
    assert failing(judged(recalled=stories(memory, 120)), KEYED) == broken


def test_a_control_that_leaves_personas_in_place_is_no_control(monkeypatch):
    monkeypatch.setattr(recall, "displaced", lambda rng, tags: list(tags))
    assert failing(judged(recalled=stories()), KEYED) == {"shuffled"}


def test_looking_up_answers_beats_the_oracle(monkeypatch):
    """A mind that knows everything once it names personas cannot do so by naming."""
    told = recall.KeyedMemory.__call__

    def cheating(self, request):
        dynamic = recall.NAMING in request.messages[-1].content
        return told(recall.KeyedMemory(1, 1, 1, 1, 1, self.answers) if dynamic else self, request)

    monkeypatch.setattr(recall.KeyedMemory, "__call__", cheating)
    assert failing(judged(recalled=stories()), KEYED) >= {"oracle", "recall-form"}


# ---- recall, in its parts


def test_spp_of_a_story_is_one_call_and_names_come_from_the_mind():
    knowledge = Knowledge.drawn(Seeds(0), 10)
    memory, asked = recall.KeyedMemory(naming=1.0).knowing(knowledge), []

    class Counting:
        name = "counting"

        async def complete(self, request):
            asked.append((request.repeat, request.messages[-1].content))
            return await memory.complete(request)

    row = asyncio.run(recall.recalled("m", Counting(), Seeds(0), 0, 2, 5, True, knowledge))
    assert row["named"] == [5, 5] and row["unparsed"] == 0
    assert sorted(repeat for repeat, _ in asked) == sorted(f"recall/0/{i}/{arm}" for i in (0, 1) for arm in recall.ARMS)
    spp = next(text for repeat, text in asked if repeat.endswith("spp"))
    assert not any(f"{fact.domain}:" in spp for fact in knowledge.facts)


def test_a_mind_that_speaks_no_dialogue_is_scored_whole_and_counted():
    knowledge = Knowledge.drawn(Seeds(0), 10)

    class Mute:
        name = "mute"

        async def complete(self, request):
            return await recall.Scripted("x", lambda r: "hm").complete(request)

    row = asyncio.run(recall.recalled("m", Mute(), Seeds(0), 0, 3, 5, False, knowledge))
    assert row["named"] == [0, 0, 0] and row["unparsed"] == 3 and set(map(sum, row["scores"].values())) == {0.0}


def test_examples_for_a_specialist_are_in_the_forms_in_which_it_is_asked():
    knowledge = Knowledge.drawn(Seeds(0), 10)
    found = recall.examples(knowledge, Random(0), 3)
    (tagged, _), (bare, _), (solo, reply) = found
    assert all(line.partition(": ")[0] in {f.domain for f in knowledge.facts} for line in tagged.split("\n"))
    assert bare.startswith("What") and solo.endswith("Participants:") and reply.startswith("Participants: AI")
    facts = [f for f in knowledge.facts if f.subject in solo]
    assert recall.share(facts, reply) == 1.0 and recall.voices(facts, reply) == [f.domain for f in facts]
    memory = recall.KeyedMemory(1, 1, 1, 1, 1).knowing(knowledge)
    assert memory.script(Request((user(solo),))) == reply


# ---- the released logs, by hand


def record(method, data, output, ok=True, reply=None, **more):
    raw = [{"choices": [{"message": {"content": reply if reply is not None else output}}]}]
    return {"method": method, "task_data": data, "raw_response": raw, "unwrapped_output": [output],
            "parsing_success_flag": [ok], **more}  # fmt: skip


def log(folder, model, method, *records):
    place = folder / model
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{records[0]['task_data'].get('topic', 'x')}__method-{method}_x.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return logs.read_file(path)


GRID = {"inputs": "?", "targets": ["2"]}
STORY = {"topic": "x", "questions": ["a", "b"], "answers": [["exile"], ["Rome"]]}
GAME = {"word_list": ["a", "b", "c"], "target_words": ["a", "b"]}


def test_logs_of_grids_are_scored_by_the_rule_of_their_marks(tmp_path):
    found = log(tmp_path, "gpt4_w_sys_mes", "spp", record("spp", GRID, "2"), record("spp", GRID, "house 2 of 4"),
                record("spp", GRID, "1, then 2", ok=False), record("spp", GRID, "3"), {"model": "x"})  # fmt: skip
    assert (found.hits, found.strict_hits, found.parsed_hits, found.of) == (3, 1, 2, 4)
    assert (found.records, found.missing, found.unparsed, found.system) == (4, 1, 1, True)
    refined = {"answer_1": record("x", GRID, "2 of 4"), "answer_0": record("x", GRID, "2")}
    last = {"method": "self_refine", "task_data": GRID, "num_refine": 1}
    assert log(tmp_path, "gpt4_wo_sys_mes", "self_refine", last | refined, last).hits == 0


def test_logs_of_stories_and_games_are_micro(tmp_path):
    found = log(tmp_path, "gpt35", "cot", record("cot", STORY, "the exiles of ROME"), record("cot", STORY, "romeo"))
    assert (found.task, found.hits, found.strict_hits, found.of) == ("trivia 2", 3, 1, 4)
    raw = record("", GAME, "Participants: AI Assistant (you); Bo\nBo: x")["raw_response"]
    one = {"method": "spp", "task_data": GAME, "guesser_output": ["c, a, b"], "parsing_success_flag_guesser": [True],
           "raw_response_guesser": raw}  # fmt: skip
    found = log(tmp_path, "gpt4_wo_sys_mes", "spp", one)
    assert (found.hits, found.strict_hits, found.participants, found.turns) == (2, 1, [2], [1])


def test_figures_of_logs_and_what_would_miss_them(tmp_path, monkeypatch):
    five = STORY | {"questions": ["a"] * 5, "answers": [["exile"], ["Rome"], ["Bonn"], ["Lima"], ["Oslo"]]}
    runs = [log(tmp_path, f"gpt4_{name}_sys_mes", "spp", record("spp", five, text), record("spp", STORY, "exile, Rome"))
            for name, text in (("w", "exile"), ("wo", "Rome in exile"))]  # fmt: skip
    both = (100 * 3 / 7 + 100 * 4 / 7) / 2
    assert logs.score(runs, "trivia 5", "gpt4", "spp") == pytest.approx(both)
    monkeypatch.setattr(claims, "PUBLISHED", {"gpt4": {("trivia 5", "spp"): both}})
    assert judged(logged=runs)["logs-figures"] == "holds"
    means = [run.model_copy(update={"hits": run.macro * run.of}) for run in runs]  # macro in place of micro
    assert judged(logged=means)["logs-figures"] == "fails"
    assert PAPER.tables(Results(logged=runs))[1].title == "Files of logs"


def test_unparsed_transcripts_scored_as_parsed_turn_the_order_around(tmp_path):
    rows = {"spp_fixed_persona": [("2", True), ("1 or 2", False), ("2 or 1", False)], "spp": [("2", True), ("2", True),
            ("1", True)]}  # fmt: skip
    every = [log(tmp_path, "gpt4_w_sys_mes", method, *(record(method, GRID, text, ok) for text, ok in outputs))
             for method, outputs in rows.items()]  # fmt: skip
    assert logs.score(every, "logic", "gpt4", "spp_fixed_persona") > logs.score(every, "logic", "gpt4", "spp")
    assert judged(logged=every)["logs-fixed-logic"] == "holds"


def test_weak_models_lose_by_it(tmp_path):
    gained = [("spp", "1 or 2", False), ("standard", "2", True)]
    every = [log(tmp_path, "gpt35", method, record(method, GRID, text, ok)) for method, text, ok in gained]
    every += [one.model_copy(update={"task": task}) for one in every for task in ("trivia 5", "trivia 10", "codenames")]
    assert judged(logged=every)["logs-weak"] == "holds"
    marked = [one.model_copy(update={"parsed_hits": one.hits}) for one in every]  # unparsed replies scored as parsed
    assert judged(logged=marked)["logs-weak"] == "fails"
    assert judged(logged=every[:2])["logs-weak"] == "needs-data"


def test_a_wrong_folder_of_logs_is_said(tmp_path):
    with pytest.raises(BadInput, match=r"no \.jsonl"):
        list(logs.files_in(str(tmp_path)))


def test_bad_settings_are_refused_before_anything_runs(tmp_path):
    (tmp_path / "c.jsonl").write_text(json.dumps({"word_list": ["a"], "target_words": ["b"]}))
    for bad in ({"tasks": ("trvia",)}, {"methods": ("ssp",)}, {"data": ("logic=x",)}, {"questions": (30,)},
                {"model": "scripted:echo", "data": (f"codenames={tmp_path / 'c.jsonl'}",)}):  # fmt: skip
        with pytest.raises((ValueError, BadInput)):
            Config(**bad)
