"""What the sandbox refuses: to run where nothing isolates, walls that do not hold, names and limits that cannot be."""

import pytest

from manyminds.agents import sandbox, sandbox_walls
from manyminds.agents.sandbox import Limits, NoIsolation, run
from manyminds.agents.sandbox_seccomp import seccomp
from manyminds.core import BadInput


async def test_refusal_where_nothing_holds(monkeypatch):
    nothing = sandbox.Isolation("none", "no isolation holds here", ("landlock: no Landlock",))
    monkeypatch.setattr(sandbox, "isolation", lambda: nothing)
    with pytest.raises(NoIsolation, match="refused here: no isolation holds here; landlock: no Landlock"):
        await run("print(1)")
    with pytest.raises(NoIsolation, match="unsafe=True"):
        await run("print(1)", walls="unsafe")
    ran = await run("print(1)", unsafe=True)
    assert (ran.stdout, ran.walls) == ("1\n", "unsafe")
    assert (await run("while True: pass", unsafe=True, limits=Limits(seconds=0.3))).reason == "timeout"


def test_a_wall_that_gives_way_is_not_taken(monkeypatch):
    """A mutant: without the filter the trial gets a socket out of Landlock alone, and this kind is refused."""
    if sandbox.trial("landlock"):
        pytest.skip(sandbox.trial("landlock"))
    monkeypatch.setattr(sandbox_walls, "seccomp", lambda family, mounts: bytes.fromhex("06000000 0000ff7f"))
    assert "does not hold: network" in sandbox.trial("landlock")


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "", "x\0y"])
async def test_names_stay_within_the_scratch_folder(name):
    with pytest.raises(BadInput, match="relative name"):
        await run("", files={name: ""}, walls="landlock")


def test_limits_that_cannot_be():
    for wrong in ({"seconds": 0}, {"memory": 1}, {"processes": 0}, {"memory": 128 << 20, "processes": 3}):
        with pytest.raises(BadInput):
            Limits(**wrong)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("family", [False, True])
def test_the_filter_is_well_formed(machine, family):
    """Whole instructions, fewer than the kernel's 4096, every jump lands inside, the last one forbids."""
    for mounts in (False, True):
        program = seccomp(family, mounts, machine)
        parts = [program[i : i + 8] for i in range(0, len(program), 8)]
        assert len(program) % 8 == 0 and len(parts) < 4096
        assert all(i + 1 + max(part[2], part[3]) < len(parts) for i, part in enumerate(parts) if part[0] & 7 == 5)
        assert parts[-1] == bytes.fromhex("06000000 01000500")
