"""Any mix of minds at any game, as a run like a paper's: recorded, resumable, theory beside the outcome."""

from typing import Any

from pydantic import BaseModel, Field, create_model, model_validator

from manyminds.agents.seats import PERSON, known, seated, spelt
from manyminds.core import BadInput, Lab, Paper, PaperConfig, PaperResults, Table, kind_of, play
from manyminds.core import statistics as st
from manyminds.worlds.games.catalogue import GAMES, game_called
from manyminds.worlds.games.game import Game

PREFIX = "game:"


class Round(BaseModel, frozen=True):
    """One play of the game: how it ended, and what each seat got (None: the play failed, so nothing was scored)."""

    repeat: int
    ending: str
    reason: str = ""
    scores: dict[str, float] | None = None
    no_answers: int = 0


class Results(PaperResults):
    settings: dict[str, Any]
    minds: dict[str, str]  # seat -> who sat there, with the kind of mind
    rounds: list[Round]


def paper_of(name: str) -> Paper:
    """The game called `name` as something that can be run, resumed and reported like a paper."""
    game = game_called(name)
    return Paper(
        slug=f"{PREFIX}{game.name}",
        title=game.title,
        arxiv="-",
        config=config_of(game),
        results=Results,
        run=lambda config, lab: run(game, config, lab),
        claims=(),
        tables=lambda results: tables(game, results),
    )


def about(name: str) -> list[Table]:
    """What can be played; of one game, its settings, its seats and the rules that can sit there."""
    if not name:
        games = [game_called(known) for known in GAMES]
        rows = tuple((game.name, game.title, len(game.seats(game.settings()))) for game in games)
        return [Table("Games", ("game", "what it is", "seats"), rows, "play one: manyminds play GAME --seats A,B,...")]
    game = game_called(name)
    fields = game.settings.model_fields.items()
    settings = tuple((key, str(field.default), field.description or "") for key, field in fields)
    places = game.roles or {"any": game.rules}
    minds = tuple((seat, spelt(rule, rules[rule])) for seat, rules in places.items() for rule in rules)
    seats = ", ".join(game.seats(game.settings()))
    return [
        Table(f"{game.title}: settings", ("key", "default", "meaning"), settings),
        Table("Rules that can sit", ("seat", "rule"), minds, f"also 'human' and model references. Seats: {seats}"),
    ]


def config_of(game: Game) -> type[PaperConfig]:
    """The game's settings with `minds` (one a seat) and `repeats`; each mind is checked before anything runs."""

    def minds_fit(config: Any) -> Any:
        names = game.seats(settings_of(game, config))
        if len(config.minds) != len(names):
            raise ValueError(f"{game.name} has {len(names)} seats ({', '.join(names)}), not {len(config.minds)}")
        for seat, mind in zip(names, config.minds):
            try:
                known(mind, game.rules_at(seat))
            except BadInput as error:
                raise ValueError(str(error)) from None
        return config

    validators: dict[str, Any] = {"minds_fit": model_validator(mode="after")(minds_fit)}
    return create_model(
        "Seated",
        __base__=game.settings,
        __validators__=validators,
        minds=(tuple[str, ...], Field((), description="one a seat, in order: a rule, a model reference or 'human'")),
        repeats=(int, Field(1, ge=1, le=100_000, description="independent plays")),
    )


def settings_of(game: Game, config: Any) -> Any:
    """The game's own settings of a config."""
    return game.settings(**{name: getattr(config, name) for name in game.settings.model_fields})


async def run(game: Game, config: Any, lab: Lab) -> Results:
    settings = settings_of(game, config)
    names = game.seats(settings)
    minds = dict(zip(names, config.minds))

    def agents() -> dict[str, Any]:
        return {who: seated(mind, who, game.rules_at(who), lab.model, game.language) for who, mind in minds.items()}

    async def one(repeat: int) -> Round:
        world = game.world(settings)
        played = await play(
            world, agents() | game.staff(settings), lab.seeds.child(repeat), lab.record(f"{game.name}/{repeat}")
        )
        scored = game.score(played.outcome) if played.ending == "finished" else None
        silent = sum(played.no_answers.values())
        return Round(repeat=repeat, ending=played.ending, reason=played.reason, scores=scored, no_answers=silent)

    if PERSON in config.minds:  # a person can sit at one table at a time
        rounds = [(await lab.gather([one(repeat)], "plays"))[0] for repeat in range(config.repeats)]
    else:
        rounds = await lab.gather([one(repeat) for repeat in range(config.repeats)], "plays")
    seen = {who: f"{minds[who]} ({kind_of(agent)})" for who, agent in agents().items()}
    return Results(settings=settings.model_dump(mode="json"), minds=seen, rounds=rounds)


def tables(game: Game, results: Results) -> list[Table]:
    """Who got what, and what theory says of this game."""
    rows = []
    for who, mind in results.minds.items():
        rows.append((who, mind, st.mean([r.scores[who] if r.scores else None for r in results.rounds])))
    endings = ", ".join(sorted({f"{r.ending}{': ' + r.reason if r.reason else ''}" for r in results.rounds}))
    silent = sum(r.no_answers for r in results.rounds)
    note = f"{len(results.rounds)} plays ({endings}); {silent} answers missing"
    return [
        Table("Payoffs", ("seat", "mind", "payoff"), tuple(rows), note),
        *game.value(game.settings(**results.settings)),
    ]
