"""What this machine has and lacks, each with the command that adds it."""

import os
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True)
class Finding:
    """One thing looked for; `remedy` says how to add it where it is missing."""

    name: str
    present: bool
    detail: str
    remedy: str = ""


def package(name: str, remedy: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed", remedy)


def tool(name: str, what: str, remedy: str) -> Finding:
    path = shutil.which(name)
    return Finding(name, path is not None, path or f"not found; {what}", "" if path else remedy)


def key() -> Finding:
    present = bool(os.environ.get("OPENAI_API_KEY"))
    remedy = "" if present else "export OPENAI_API_KEY=...  (not needed for a server of your own)"
    return Finding("OPENAI_API_KEY", present, "set" if present else "not set", remedy)


def device() -> Finding:
    """Whether an accelerator is there for arrays; asked of the driver, so that nothing is started."""
    driver = shutil.which("nvidia-smi")
    return Finding(
        "gpu", driver is not None, driver or "no NVIDIA driver", "" if driver else "pip install 'jax[cuda12]'"
    )


def examine() -> list[Finding]:
    """Everything that a paper may need."""
    local, sure = "pip install 'manyminds[local]'", "pip install manyminds"
    return [
        Finding("python", True, platform.python_version()),
        *(package(name, sure) for name in ("manyminds", "jax", "numpy", "scipy", "pydantic", "sqlalchemy", "openai")),
        *(package(name, local) for name in ("torch", "transformers", "llguidance")),
        *(package(name, "pip install 'manyminds[tables]'") for name in ("pandas", "pyarrow")),
        package("psycopg", "pip install 'manyminds[postgres]'"),
        key(),
        device(),
        tool("bwrap", "code of models runs without a sandbox of its own", "apt install bubblewrap"),
    ]
