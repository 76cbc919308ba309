"""Programs that try to break out of the sandbox or to take more than their share: each is contained, nothing is
left."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from manyminds.agents import sandbox, sandbox_walls
from manyminds.agents.sandbox import Limits, isolation, run, run_all
from manyminds.core import BadInput

KINDS = ("bubblewrap", "namespaces", "landlock")
SHORT = Limits(seconds=1.0)
# What most attacks share: `gives` prints the name of a wall that gave way; `raw` makes a system call by its number.
PREAMBLE = """
import ctypes, os, signal, socket, sys
LIBC = ctypes.CDLL(None, use_errno=True)
def gives(name, attempt, *arguments):
    try:
        attempt(*arguments)
    except (OSError, ValueError, LookupError):
        return
    print("GAVE WAY:", name, flush=True)
def raw(number, *arguments):
    found = LIBC.syscall(number, *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if found == -1:
        raise OSError(ctypes.get_errno(), "raw")
    return found
"""


@pytest.fixture(params=KINDS)
def walls(request):
    if request.param not in WRONG:
        WRONG[request.param] = sandbox.trial(request.param)
    if WRONG[request.param]:
        pytest.skip(f"{request.param}: {WRONG[request.param]}")
    return request.param


WRONG: dict[str, str] = {}


def descendants(pid: int) -> set[int]:
    """All processes below `pid`, zombies too."""
    parents = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            fields = (place / "stat").read_text().rpartition(")")[2].split()
            parents[int(place.name)] = int(fields[1])
    found, grown = {pid}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in found} - found
        found, grown = found | more, bool(more)
    return found - {pid}


@pytest.fixture(autouse=True)
def room(monkeypatch, tmp_path):  # after `tmp_path`, whose root must lie elsewhere
    """A folder for scratch folders, through which any user may go; no process and no folder is left after the test."""
    before, own = descendants(os.getpid()), Path(tempfile.mkdtemp(prefix="manyminds-test-"))
    own.chmod(0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    yield own
    assert descendants(os.getpid()) <= before
    own.rmdir()  # fails if anything is in it


async def contained(walls, code, limits=SHORT, **more):
    ran = await run(PREAMBLE + code, limits=limits, walls=walls, **more)
    assert "GAVE WAY" not in ran.stdout, ran.stdout
    assert ran.seconds < limits.seconds + 5
    return ran


async def whole(walls, code, limits=Limits(seconds=5), **more):  # noqa: B008
    """As `contained`, for attacks that come to their end."""
    ran = await contained(walls, code + "\nprint('tried it all')", limits, **more)
    assert ran.stdout.endswith("tried it all\n"), ran
    return ran


async def test_an_honest_program_works(walls):
    ran = await run(
        "import sys, json, asyncio, sqlite3\n"
        "async def four(): await asyncio.sleep(0.001); return 4\n"
        "print(sys.stdin.read(), open('given/x.txt').read(), asyncio.run(four()), __name__, sys.argv)\n"
        "sqlite3.connect('x.db').execute('create table t (x)')\n"
        "import os, shutil, tempfile\n"
        "shutil.copy('x.db', tempfile.mkdtemp())\n"
        "print('aside', file=sys.stderr); sys.exit(3)",
        stdin="é", files={"given/x.txt": "ü"}, walls=walls,
    )  # fmt: skip
    assert ran.stdout.startswith("é ü 4 __main__ ['/") and ran.stderr == "aside\n", ran
    assert (ran.exit, ran.reason, ran.walls) == (3, "failed", walls) and ran.startup > 0


async def test_installed_packages_work(walls):
    ran = await run("import numpy; print(int(numpy.arange(5) @ numpy.arange(5)))", walls=walls)
    assert (ran.stdout, ran.reason) == ("30\n", "finished"), ran.stderr


async def test_no_network(walls):
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        ports = tcp.getsockname()[1], udp.getsockname()[1]
        tcp.setblocking(False)
        udp.setblocking(False)
        await whole(walls, f"""
gives("tcp", socket.create_connection, ("127.0.0.1", {ports[0]}), 1)
gives("udp", lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", {ports[1]})))
gives("dns", socket.getaddrinfo, "localhost.example", 80)
for family in range(46):
    for kind in (1, 2, 3, 5):
        gives(f"socket {{family}} {{kind}}", socket.socket, family, kind)
gives("pair of datagrams", socket.socketpair, socket.AF_UNIX, socket.SOCK_DGRAM)
gives("pair of packets", socket.socketpair, socket.AF_UNIX, socket.SOCK_SEQPACKET)
a, b = socket.socketpair()
a.send(b"x"); assert b.recv(1) == b"x"
gives("bind", a.bind, "\\0abstract")
gives("connect", a.connect, "/run/systemd/journal/stdout")
gives("send to", a.sendto, b"x", "/dev/log")
gives("descriptors", socket.send_fds, a, [b"x"], [0])
""")  # fmt: skip
        for server in (tcp.accept, lambda: udp.recv(1)):
            with pytest.raises(BlockingIOError):
                server()


@pytest.fixture
def open_folder():
    """A folder where, but for the walls, everybody may do everything."""
    place = Path(tempfile.mkdtemp(dir="/tmp"))
    place.chmod(0o777)
    yield place
    shutil.rmtree(place)


async def test_nothing_outside_is_read_or_written(walls, open_folder):
    secret, tool = open_folder / "secret", open_folder / "tool"
    secret.write_text("secret")
    secret.chmod(0o666)
    tool.write_text("#!/bin/sh\necho GAVE WAY: tool")
    tool.chmod(0o777)
    before = secret.stat()
    ran = await whole(walls, f"""
secret = {str(secret)!r}
for name in (secret, "/etc/passwd", "/etc/shadow", "/etc/hosts", "/proc/self/environ", "/proc/{os.getpid()}/environ",
             "/proc/1/environ", "/proc/self/maps", "/proc/self/root/etc/passwd", "/sys/kernel/notes", "/dev/mem",
             "/dev/tty", "/dev/vda", "/dev/sda", {str(Path(__file__))!r}, {str(sandbox_walls.JAIL)!r}):
    gives("read " + name, lambda: open(name, "rb").read(1))
for name in ("/", "/etc", "/home", "/root", "/proc", "/tmp", "/var", {str(Path.home())!r}, {str(open_folder)!r}, ".."):
    gives("list " + name, os.listdir, name)
os.symlink(secret, "link")
gives("link read", lambda: open("link").read())
gives("link written", lambda: open("link", "w"))
os.symlink("/", "all")
gives("through a folder", lambda: open("all" + secret).read())
os.symlink("/tmp", "tmp")
gives("writing through a folder", lambda: open("tmp/out", "w"))
gives("hard link", os.link, secret, "hard")
gives("cut", os.truncate, secret, 0)
gives("opened to cut", os.open, secret, os.O_RDONLY | os.O_TRUNC)
gives("removed", os.unlink, secret)
gives("moved", os.rename, secret, "moved")
gives("moved out", os.rename, "link", {str(open_folder / "moved")!r})
gives("attribute", os.setxattr, secret, "user.x", b"x")
gives("owner", os.chown, secret, os.getuid(), os.getgid())
gives("run", os.execv, {str(tool)!r}, ["tool"])
gives("run a shell", os.execv, "/bin/sh", ["sh"])
gives("own root", os.chroot, ".")
gives("device", os.mknod, "null", 0o20666, os.makedev(1, 3))
for folder in ("/", "/tmp", "/dev/shm", "/var/tmp", "/usr/lib", "/scratch/..", os.path.dirname(os.__file__),
               sys.path[-1]):
    gives("written in " + folder, lambda: open(folder + "/manyminds-out", "w"))
    gives("made in " + folder, os.mkdir, folder + "/manyminds-made")
for attempt in (lambda: os.chmod(secret, 0o600), lambda: os.utime(secret, (1, 1)),
                lambda: os.chmod(os.__file__, 0o666)):
    try: attempt()
    except OSError: pass
""")  # fmt: skip
    after = secret.stat()
    assert secret.read_text() == "secret" and (after.st_mode, after.st_mtime_ns, after.st_nlink) == (
        before.st_mode, before.st_mtime_ns, 1), ran  # fmt: skip
    assert sorted(path.name for path in open_folder.iterdir()) == ["secret", "tool"]
    assert not [path for path in (Path("/tmp/manyminds-out"), Path("/tmp/manyminds-made")) if path.exists()]


async def test_keys_do_not_leak(walls, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-in-the-environment")
    ran = await whole(
        walls, "print(dict(os.environ)); import subprocess; print(sys.flags, vars(sys.modules['os']).keys())"
    )
    assert "sk-in" not in ran.stdout + ran.stderr and "OPENAI" not in ran.stdout


async def test_nobody_else_is_signalled_traced_or_slowed(walls):
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"], stdin=subprocess.DEVNULL)
    try:
        await whole(walls, f"""
import fcntl, resource
for pid in ({victim.pid}, {os.getpid()}, os.getppid(), 1, 0, -1):
    gives(f"kill {{pid}}", os.kill, pid, signal.SIGKILL)
    gives(f"quiet {{pid}}", os.kill, pid, 0)
    gives(f"tgkill {{pid}}", raw, 234, pid, pid, 9)
    gives(f"pidfd {{pid}}", raw, 434, pid, 0)
    gives(f"ptrace {{pid}}", raw, 101, 16, pid, 0, 0)
    gives(f"memory {{pid}}", raw, 310, pid, 0, 0, 0, 0, 0)
    if pid > 0:
        gives(f"limits {{pid}}", resource.prlimit, pid, resource.RLIMIT_NOFILE, (0, 0))
        gives(f"nice {{pid}}", os.setpriority, os.PRIO_PROCESS, pid, 19)
        gives(f"cores {{pid}}", os.sched_setaffinity, pid, {{0}})
        gives(f"own signals {{pid}}", fcntl.fcntl, 0, fcntl.F_SETOWN, pid)
gives("group", os.killpg, 0, 9)
gives("new session", os.setsid)
gives("new group", os.setpgid, 0, 0)
gives("raised limits", resource.setrlimit, resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
gives("lease", fcntl.fcntl, open(os.__file__), 1024, 0)
signal.signal(signal.SIGUSR1, lambda *_: print("own signal"))
os.kill(os.getpid(), signal.SIGUSR1)
""")  # fmt: skip
        assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of system calls of x86_64")
async def test_the_corners_of_the_kernel_are_closed(walls):
    await whole(walls, """
closed = dict(unshare=272, mount=165, pivot=155, setns=308, io_uring=425, io_uring_enter=426, bpf=321, keyctl=250,
    add_key=248, userfaultfd=323, perf=298, memfd=319, shmget=29, msgget=68, semget=64, mq_open=240, ptrace=101,
    personality=135, chroot=161, module=175, kexec=246, inotify=254, fanotify=300, handle=303, open_handle=304,
    mlock=149, mlockall=151, swapon=167, reboot=169, sethostname=170, quota=179, seccomp=317, prctl=157, clone3=435,
    landlock=446, pidfd_getfd=438, process_madvise=440, memfd_secret=447, mount_setattr=442, open_tree=428, acct=163,
    setuid=105, setgid=106, setgroups=116, capset=126, iopl=172, settimeofday=164, clock_settime=227, syslog=103,
    vmsplice=278, mbind=237, migrate=256, kcmp=312, fork=57, vfork=58, execve=59, sendmsg=46, connect=42, bind=49)
for name, number in closed.items():
    gives(name, raw, number, 0x10000000, 0, 0, 0, 0, 0)
gives("clone", raw, 56, 17, 0, 0, 0, 0)
gives("clone into a namespace", raw, 56, 0x10000000 | 17, 0, 0, 0, 0)
gives("death signal", raw, 157, 1, 0, 0, 0, 0)
""")  # fmt: skip
    for code in ("raw(0x40000000 + 39)", "raw(2**62 + 57)"):
        ran = await contained(walls, code)
        assert (ran.reason == "killed" and ran.exit == -signal.SIGSYS) or ran.reason == "failed"
    # int 0x80 speaks the 32-bit interface, whose numbers mean other calls
    ran = await contained(walls, """
import mmap
page = mmap.mmap(-1, 4096, prot=7)
page.write(bytes([0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3]))  # mov eax, 20 (getpid); int 0x80; ret
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
print("GAVE WAY: 32-bit calls")
""")  # fmt: skip
    assert ran.reason == "killed", ran


async def test_a_fork_bomb_has_no_fuse(walls):
    ran = await contained(walls, "while True:\n    os.fork()")
    assert ran.reason == "failed" and "PermissionError" in ran.stderr


async def test_a_family_is_bounded_and_ends_whole(walls):
    family = Limits(seconds=2, processes=4, threads=2, memory=512 << 20)
    if walls == "landlock":
        with pytest.raises(BadInput, match="process namespace"):
            await run("", limits=family, walls=walls)
        return
    ran = await whole(walls, """
import subprocess
print(subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True, check=True).stdout)
children = 0
try:
    while True:
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True: signal.pause()
        children += 1
except OSError:
    pass
print("children", children, flush=True)
assert children < 10
""", family)  # fmt: skip
    assert "42" in ran.stdout and "children" in ran.stdout
    bomb = await contained(walls, """
while True:
    try: os.fork()
    except OSError: pass
""", Limits(seconds=0.5, processes=4, threads=2))  # fmt: skip
    assert bomb.reason == "timeout"
    ended = await contained(walls, "if os.fork() == 0:\n    os.kill(-1, signal.SIGKILL)\nsignal.pause()", family)
    assert ended.reason == "killed"
    daemon = await run("import os, time\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0: time.sleep(60)",
                       limits=family, walls=walls)  # fmt: skip
    assert daemon.reason == "finished" and daemon.seconds < 1.5


async def test_threads_are_bounded(walls):
    ran = await whole(walls, """
import threading, time
threading.stack_size(65536)
made = 0
for _ in range(100):
    thread = threading.Thread(target=time.sleep, args=(0.2,), daemon=True)
    try: thread.start()
    except RuntimeError: break
    made += 1
print("made", made)
""", Limits(seconds=5, threads=5))  # fmt: skip
    made = int(ran.stdout.split()[1])
    # Under Landlock alone the limit counts whatever else this user runs, which may come and go meanwhile.
    assert 1 <= made <= 8 if walls != "landlock" or os.geteuid() == 0 else made < 100


@pytest.mark.parametrize("attack", [
    "x = []\nwhile True: x.append(bytearray(1 << 20))",
    "bytearray(1 << 40)",
    "import mmap\nx = []\nwhile True:\n    m = mmap.mmap(-1, 1 << 24); m[:] = bytes(1 << 24); x.append(m)",
    "x = 'a' * 10**7\nwhile True: x = x + x",
    "exec('(' * 10**6 + ')' * 10**6)",
    "x = 9\nwhile True: x = x ** 9",
])  # fmt: skip
async def test_memory_is_bounded(walls, attack):
    ran = await contained(walls, attack, Limits(seconds=2, memory=128 << 20))
    assert ran.reason in ("memory", "failed", "killed", "timeout", "output") and not ran.ok


async def test_the_disk_is_bounded(walls):
    small = Limits(seconds=1.5, disk=1 << 20, files=100)
    one = await contained(walls, "f = open('x', 'wb')\nwhile True: f.write(bytes(4096)); f.flush()", small)
    assert one.reason == "disk"
    assert (
        await contained(walls, "open('x', 'wb').truncate(1 << 40); open('x', 'r+b').write(b'x')", small)
    ).reason == "disk"
    for attack in ("i = 0\nwhile True:\n    open(str(i), 'w').write('x' * 9999); i += 1",
                   "i = 0\nwhile True:\n    os.mkdir('a'); os.chdir('a'); i += 1",
                   "i = 0\nos.mkdir('a', 0o300)\nwhile True:\n    open(f'a/{i}', 'w').write('x' * 9999); i += 1",
                   "while True:\n    os.mkdir('a', 0)\n    os.rename('a', str(id([])))"):  # fmt: skip
        ran = await contained(walls, attack, small)
        assert not ran.ok and ran.seconds < 4.5


@pytest.mark.parametrize("attack", [
    "while True: print('x' * 1000)",
    "while True: sys.stderr.write('x' * 1000)",
    "while True: os.write(1, b'x' * 65536); os.write(2, b'y' * 65536)",
    "raise ValueError('x' * 10**8)",
    "class E(Exception):\n    def __str__(self): return 'x' * 10**7\nraise ExceptionGroup('x', [E()] * 99)",
])  # fmt: skip
async def test_output_is_bounded(walls, attack):
    ran = await contained(walls, attack, Limits(seconds=5, output=10_000))
    assert ran.reason == "output" and max(len(ran.stdout), len(ran.stderr)) == 10_000


@pytest.mark.parametrize("attack", [
    "import time; time.sleep(60)",
    "while True: pass",
    "for i in {*range(1, 65)} - {9, 19, 32, 33}: signal.signal(i, signal.SIG_IGN)\nwhile True: pass",
    "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: signal.pause()",
    "[os.close(i) for i in range(3)]\nwhile True: pass",
    "import threading\nthreading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()",
    "import atexit\n@atexit.register\ndef stay():\n    while True: pass",
    "9 ** 9 ** 9",
    "import re; re.match('(a+)+b', 'a' * 99)",
])  # fmt: skip
async def test_time_is_bounded(walls, attack):
    ran = await contained(walls, attack, Limits(seconds=0.4))
    assert ran.reason == "timeout" and ran.seconds >= 0.4


async def test_ends_of_every_kind(walls):
    for code, reason, status in [
        ("os._exit(0)", "finished", 0), ("os._exit(7)", "failed", 7), ("sys.exit('why')", "failed", 1),
        ("os.abort()", "killed", -signal.SIGABRT), ("ctypes.string_at(0)", "killed", -signal.SIGSEGV),
        ("os.closerange(0, 99)", "finished", 0), ("1 / 0", "failed", 1), ("def f(): return f()\nf()", "failed", 1),
        ("raise SystemExit", "finished", 0), ("os.kill(os.getpid(), 9)", "killed", -9), ("x = (", "failed", 1),
        ("import builtins; builtins.exec = None; sys.excepthook = None; 1 / 0", "failed", 1), ("\0", "failed", 1),
        ("print('\\ud800')", "failed", 1), ("\ud800", "failed", 1), ("raise KeyboardInterrupt", "failed", 1),
    ]:  # fmt: skip
        ran = await contained(walls, code)
        assert (ran.reason, ran.exit) == (reason, status), (code, ran)
    traced = await run("x = 1\n1 / 0", walls=walls)
    assert "sandbox_jail" not in traced.stderr and "    1 / 0" in traced.stderr and traced.stderr.count("File") == 1
    assert (await run("import os; os.write(1, b'\\xff')", walls=walls)).stdout == "\ufffd"


async def test_standard_input(walls):
    assert (await run("print(len(input()))", stdin="four", walls=walls)).stdout == "4\n"
    assert "EOFError" in (await run("input()", walls=walls)).stderr
    assert (await run("print('unread')", stdin="x" * 10**6, walls=walls)).stdout == "unread\n"
    assert (await run("print(len(open(0).read()))", stdin="x" * 10**6, walls=walls)).stdout == "1000000\n"


async def test_many_at_once_and_cancelled(walls):
    begun = descendants(os.getpid())
    tasks = [asyncio.create_task(run("while True: pass", limits=Limits(seconds=30), walls=walls)) for _ in range(4)]
    await asyncio.sleep(0.5)
    assert descendants(os.getpid()) - begun
    for task in tasks:
        task.cancel()
    assert all(
        isinstance(found, asyncio.CancelledError) for found in await asyncio.gather(*tasks, return_exceptions=True)
    )
    assert descendants(os.getpid()) <= begun


async def test_it_ends_with_the_one_who_began_it(walls, room):
    """Even one that is killed outright leaves no program and no folder."""
    code = ("import asyncio, sys; from manyminds.agents.sandbox import *\n"
            "async def main():\n"
            f"    run_ = run('import time; time.sleep(60)', limits=Limits(seconds=60), walls={walls!r})\n"
            "    task = asyncio.create_task(run_); await asyncio.sleep(0.6); print('on', flush=True); await task\n"
            "asyncio.run(main())")  # fmt: skip
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(room)}
    )
    assert parent.stdout and parent.stdout.readline() == b"on\n"
    below = descendants(parent.pid)
    assert below
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in below) and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    assert not [pid for pid in below if Path(f"/proc/{pid}").exists()]
    assert not list(room.iterdir())


async def test_in_order_several_at_a_time():
    if isolation().walls == "none":
        pytest.skip("; ".join(isolation().missing))
    found = await run_all((f"print({i})" for i in range(6)), at_once=3)
    assert [ran.stdout for ran in found] == [f"{i}\n" for i in range(6)]
