"""What works where only the base is installed: no `torch`, no `transformers`."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from house import build

# A module that is None in `sys.modules` cannot be imported: `import` raises, and `find_spec` finds nothing.
BLOCKED = "import sys; sys.modules['torch'] = sys.modules['transformers'] = None\n"


def said_by(program: str, *words: str) -> str:
    """What a program prints in a process of its own that has neither `torch` nor `transformers`."""
    done = subprocess.run([sys.executable, "-c", BLOCKED + dedent(program), *words], capture_output=True, text=True,
                          timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_house_models_answer_in_every_form(tmp_path: Path):
    """The house model holds each answer to its form by token masks, as a model of `transformers` would."""
    program = """
        import asyncio, sys
        from pydantic import BaseModel, Field
        from manyminds.core import Choice, Form, Pattern, Whole
        from manyminds.models.load import load
        from manyminds.models.request import Request, user

        class Report(BaseModel):
            kind: str = Field(pattern="^[a-z]{3}$")
            places: list[int] = Field(max_length=3)

        async def main():
            model = load(f"house:{sys.argv[1]}")
            for output in (Choice(("left", "the right")), Whole(0, 99), Pattern("[a-z]{3}-[0-9]+"), Form(Report)):
                asked = Request((user("How many?"),), temperature=1.0, max_tokens=40, output=output)
                found = await model.complete(asked)
                print(type(output).__name__, repr(output.parse(found.text)))
            await model.close()

        asyncio.run(main())
    """
    lines = said_by(program, str(build(tmp_path))).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["Choice", "Whole", "Pattern", "Form"]


def test_a_model_of_transformers_says_what_is_missing():
    program = """
        from manyminds.core import BadInput
        from manyminds.models.load import load
        try:
            load("hf:some/model")
        except BadInput as error:
            print(error)
    """
    assert said_by(program) == "model 'hf:some/model' needs torch, transformers: pip install 'manyminds[local]'\n"


def test_every_module_of_the_lower_rooms_can_be_imported():
    program = """
        import pkgutil
        from importlib import import_module
        import manyminds
        for room in ("core", "models", "agents", "conversations", "lab"):
            package = import_module(f"manyminds.{room}")
            for found in pkgutil.walk_packages(package.__path__, f"manyminds.{room}."):
                import_module(found.name)
        print("all")
    """
    assert said_by(program) == "all\n"
