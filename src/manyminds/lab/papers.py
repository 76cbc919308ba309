"""Finding a paper by its name or by the path of a file that holds one."""

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from manyminds.core import BadInput, Paper, unknown
from manyminds.papers.index import BY_SLUG, INDEX


def find(reference: str) -> Paper:
    """The paper called `reference`, `game:NAME` or `compare` as one, or the `PAPER` of the Python file at that path."""
    if reference.endswith(".py"):
        return from_file(Path(reference))
    if reference.startswith("game:"):
        from manyminds.lab.playing import paper_of as played

        return played(reference.removeprefix("game:"))
    if reference == "compare":
        from manyminds.lab.comparing import PAPER

        return PAPER
    slug = reference.lower().replace("_", "-")
    entry = BY_SLUG.get(slug)
    if entry is None:
        raise unknown("paper", reference, BY_SLUG)
    if not entry.implemented:
        ready = ", ".join(known.slug for known in INDEX if known.implemented)
        raise BadInput(f"paper {slug!r} (arXiv {entry.arxiv}) is not in this version yet; ready: {ready or 'none'}")
    try:
        return paper_of(import_module(entry.module), entry.module)
    except ModuleNotFoundError as error:
        raise missing(f"paper {slug!r}", error) from None


def missing(where: str, error: ModuleNotFoundError) -> Exception:
    """The error for a package that is not installed; for a module of ours it is a fault of ours."""
    if error.name is None or error.name.partition(".")[0] == "manyminds":
        return error
    return BadInput(f"{where} needs the package {error.name!r}; `manyminds doctor` says how to add what is optional")


def from_file(path: Path) -> Paper:
    """The `PAPER` of one file, which may stand anywhere."""
    if not path.is_file():
        raise BadInput(f"there is no file {path}; give the name of a paper or the path of a .py file with a PAPER")
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise BadInput(f"{path} cannot be read as Python")
    module = module_from_spec(spec)
    # Dataclasses and pydantic look their module up by name while they are being made.
    before = sys.modules.get(path.stem)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise BadInput(f"{path}, line {error.lineno}: {error.msg}") from None
    except ModuleNotFoundError as error:
        raise missing(str(path), error) from None
    finally:
        if before is not None:
            sys.modules[path.stem] = before
    return paper_of(module, str(path))


def paper_of(module: object, where: str) -> Paper:
    paper = getattr(module, "PAPER", None)
    if not isinstance(paper, Paper):
        raise BadInput(
            f"{where} has no PAPER; end it with PAPER = Paper(slug, title, arxiv, Config, Results, run, claims)"
        )
    return paper


def source_of(reference: str) -> str:
    """What finds the same paper again from another folder."""
    return str(Path(reference).resolve()) if reference.endswith(".py") else reference
