"""What this machine has and lacks, each with the command that adds it."""

import asyncio
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

BASE = ("manyminds", "jax", "numpy", "scipy", "pydantic", "sqlalchemy", "openai", "llguidance")


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


def endpoint(url: str = "") -> Finding:
    """Whether a model server answers at `url`, or else at OPENAI_BASE_URL."""
    from manyminds.core import ManymindsError
    from manyminds.models.endpoint import Endpoint

    url = (url or os.environ.get("OPENAI_BASE_URL", "")).partition("#")[0].rstrip("/")
    if not url:
        return Finding("endpoint", False, "none named", "manyminds doctor --endpoint http://HOST:PORT/v1")

    async def look() -> None:
        server = Endpoint(url, "any", os.environ.get("OPENAI_API_KEY", ""))
        try:
            await server.probe()
        finally:
            await server.close()

    try:
        asyncio.run(look())
    except ManymindsError as error:
        return Finding("endpoint", False, str(error), "start the server, or name another: --endpoint URL")
    return Finding("endpoint", True, f"{url} answers; use model={url}#NAME")


def key() -> Finding:
    present = bool(os.environ.get("OPENAI_API_KEY"))
    remedy = "" if present else "export OPENAI_API_KEY=...  (not needed for a server of your own)"
    return Finding("OPENAI_API_KEY", present, "set" if present else "not set", remedy)


def house() -> Finding:
    """Whether the weights of the house model came with the package."""
    from manyminds.models.load import HOUSE

    present = HOUSE.is_dir()
    return Finding("house model", present, str(HOUSE) if present else "no weights in this version",
                   "" if present else "use an endpoint, or hf:PATH for weights of your own")  # fmt: skip


def weights() -> Finding:
    """Weights in the local cache of the model hub, which `hf:NAME` finds without a network."""
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    cache = Path(os.environ.get("HF_HUB_CACHE", home / "hub"))
    names = sorted(path.name.removeprefix("models--").replace("--", "/") for path in cache.glob("models--*"))
    said = f"{len(names)} in {cache}: {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}"
    return Finding("weights", bool(names), said if names else f"none in {cache}", "" if names else "hf download NAME")


def device() -> Finding:
    """Whether an accelerator is there for arrays; asked of the driver, so that nothing is started."""
    driver = shutil.which("nvidia-smi")
    if driver is None:
        return Finding("gpu", False, "no NVIDIA driver", "on a machine with one: pip install 'jax[cuda12]'")
    asked = [driver, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    names = said_by(asked) or driver
    try:
        version("jax-cuda12-plugin")
    except PackageNotFoundError:
        return Finding("gpu", False, f"{names}, but JAX cannot use it", "pip install 'jax[cuda12]'")
    return Finding("gpu", True, names)


def said_by(command: list[str]) -> str:
    """What a command prints when it succeeds within five seconds, in one line; empty when it does not."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return ""
    return "; ".join(done.stdout.split("\n")).strip("; ") if done.returncode == 0 else ""


def sandbox() -> Finding:
    """The strongest isolation for code of models that really holds here: tried, not merely looked for."""
    from manyminds.agents.sandbox import isolation

    found = isolation()
    stronger = f" (stronger, but not here: {'; '.join(found.missing)})" if found.missing else ""
    if found.walls != "none":
        return Finding("sandbox", True, found.detail + stronger)
    why = "; ".join(found.missing) or found.detail
    return Finding("sandbox", False, f"code of models is refused here: {why}", "apt install bubblewrap")


def examine(url: str = "") -> list[Finding]:
    """Everything that a paper may need; `url` is a model server to try."""
    local, sure = "pip install 'manyminds[local]'", "pip install manyminds"
    return [
        Finding("python", True, platform.python_version()),
        *(package(name, sure) for name in BASE),
        endpoint(url),
        key(),
        house(),
        weights(),
        device(),
        sandbox(),
        *(package(name, local) for name in ("torch", "transformers")),
        *(package(name, "pip install 'manyminds[tables]'") for name in ("pandas", "pyarrow")),
        *(package(name, "pip install 'manyminds[envs]'") for name in ("pettingzoo", "gymnasium")),
        package("psycopg", "pip install 'manyminds[postgres]'"),
        package("ray", "pip install 'manyminds[scale]'"),
    ]
