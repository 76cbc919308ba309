"""The inside of the sandbox: a script of its own that builds the walls, runs one program within them and ends with it.

It imports the standard library alone and is run by `sandbox.py` as `python -P -S sandbox_jail.py SETUP REPORT`, two
open descriptors: what to do, as JSON, and a pipe for what became of it. Three processes at most:

    outer    waits for whoever is below, ends all of it when told to (SIGTERM) or when its parent dies
    inner    the first process of a process namespace: when it ends, the kernel ends everything in there
    worker   has given up every right, and then runs the program
"""

import ctypes
import json
import os
import resource
import signal
import struct
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

# Numbers of the kernel's interface (include/uapi/linux: sched.h, mount.h, prctl.h, landlock.h, capability.h).
NEW_MOUNTS, NEW_HOST, NEW_IPC, NEW_USERS, NEW_PIDS, NEW_NET = (
    0x20000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)  # fmt: skip
READ_ONLY, NO_SETUID, NO_DEVICES, NO_EXEC, BIND, RECURSIVE, PRIVATE, DETACH = 1, 2, 4, 8, 4096, 16384, 1 << 18, 2
DEATH_SIGNAL, DUMPABLE, KEEP_CAPABILITIES, SECCOMP, BOUNDING_DROP, SUBREAPER, NO_NEW_PRIVILEGES = (
    1, 4, 8, 22, 24, 36, 38)  # fmt: skip
MOUNT_SETATTR = 442  # this number and Landlock's are the same on every architecture
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
EXECUTE, WRITE, READ, LIST, TRUNCATE, DEVICE = 1, 2, 4, 8, 1 << 14, 1 << 15
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}  # all rights since each version
STEP = 0.02  # seconds between two looks at a scratch folder that no mount bounds
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


def call(name, *arguments) -> int:
    """A function of the C library; raises OSError when it fails."""
    kinds = {bytes: ctypes.c_char_p, int: ctypes.c_ulong, type(None): ctypes.c_void_p}
    found = getattr(LIBC, name)(*(kinds[type(a)](a) if type(a) in kinds else a for a in arguments))
    if found < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return found


LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long


def report(setup, line) -> None:
    with suppress(OSError):
        os.write(setup["report"], f"{line}\n".encode())


def guard(setup, child, scratch=None) -> int:
    """Wait for `child`; end it when told to, when its time is long over or when its folder holds too much; then end
    whatever it left. Gives its wait status."""
    deadline = time.monotonic() + setup["deadline"]
    told = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
    status = None
    while status is None:
        got = signal.sigtimedwait(told, STEP if scratch else 1.0)
        full = scratch is not None and overfull(scratch, setup["disk"], setup["files"])
        if full:
            report(setup, "disk")
        if full or time.monotonic() > deadline or (got and got.si_signo != signal.SIGCHLD):
            end(child)
        done, found = os.waitpid(child, os.WNOHANG)
        status = found if done else None
    end(child)
    if os.getpid() == 1:
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # those that have left the group; nobody can leave the namespace
    with suppress(ChildProcessError):
        # Orphans come to us: the first of its namespace, or else a subreaper. Without walls some may have got away.
        while os.waitpid(-1, os.WNOHANG if setup["mode"] == "unsafe" else 0)[0]:
            pass
    return status


def end(child) -> None:
    """Kill `child` and all its group, which without a process namespace nobody can leave."""
    for kill in (os.kill, os.killpg):
        with suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)


def overfull(folder, size, files) -> bool:
    """Whether a folder holds more than `size` bytes or more than `files` entries, or one that cannot be looked into.

    The program runs meanwhile and may put a link where a folder was: we only count, and change nothing.
    """
    pending, seen, held = [folder], 0, 0
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    seen += 1
                    with suppress(FileNotFoundError):
                        held += entry.stat(follow_symlinks=False).st_blocks * 512
                        if entry.is_dir(follow_symlinks=False):
                            pending.append(entry.path)
                    if held > size or seen > files:
                        return True
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:  # no permission, or so deep that its name is too long
            return True
    return False


def clear(folder) -> None:
    """Remove a folder however deep and whatever its modes: what lies below moves up until nothing lies below."""
    top, fresh, pending = Path(folder), 0, True
    top.chmod(0o700)
    while pending:
        pending = False
        for entry in list(os.scandir(top)):
            if not entry.is_dir(follow_symlinks=False):
                Path(entry.path).unlink()
                continue
            with suppress(OSError):
                Path(entry.path).chmod(0o700)
            for below in list(os.scandir(entry.path)):
                fresh += 1
                if below.is_dir(follow_symlinks=False):
                    with suppress(OSError):
                        Path(below.path).chmod(0o700)  # the folder itself must be writable to be moved
                Path(below.path).rename(top / f".{time.time_ns()}.{fresh}")
                pending = True
            Path(entry.path).rmdir()
    top.rmdir()


def bind_at(root, path) -> None:
    """Show one real path of the old root, read-only, at the same place in the new one (which is `/` by now)."""
    source, target = Path(root + path), Path(path)
    if not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.mkdir(exist_ok=True) if source.is_dir() else target.touch()
    call("mount", os.fsencode(source), path.encode(), None, BIND | RECURSIVE, None)
    # A device opens only where devices are allowed; writing to it changes no file, so read-only does not hinder it.
    seal(path, READ_ONLY | NO_SETUID | (0 if path in DEVICES else NO_DEVICES), recursive=True)


def seal(path, attributes, recursive) -> None:
    packed = struct.pack("<QQQQ", attributes, 0, 0, 0)
    flags = 0x8000 if recursive else 0
    call("syscall", MOUNT_SETATTR, ctypes.c_int(-100), path.encode(), flags, packed, len(packed))


def new_root(setup) -> None:
    """A root that holds what may be read, and a scratch folder in memory that vanishes with the last process."""
    place = next(name for name in ("/tmp", "/mnt", "/var", "/") if Path(name).is_dir())
    call("mount", None, b"/", None, RECURSIVE | PRIVATE, None)
    call("mount", b"tmpfs", place.encode(), b"tmpfs", NO_SETUID | NO_DEVICES, b"size=1m,nr_inodes=4096,mode=755")
    os.chdir(place)
    Path("old").mkdir()
    call("pivot_root", b".", b"old")
    os.chdir("/")
    for path in sorted({*setup["real"], *DEVICES}):
        if not any(path.startswith(f"{above}/") for above in setup["real"]):
            bind_at("/old", path)
    for name, target in setup["links"]:
        with suppress(OSError):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).symlink_to(target)
    Path(setup["scratch"]).mkdir()
    bounds = f"size={setup['disk']},nr_inodes={setup['files'] + 1},mode=700,uid={setup['uid']},gid={setup['uid']}"
    flags = NO_SETUID | NO_DEVICES | NO_EXEC
    call("mount", b"tmpfs", setup["scratch"].encode(), b"tmpfs", flags, bounds.encode())
    call("umount2", b"/old", DETACH)
    Path("/old").rmdir()
    seal("/", READ_ONLY, recursive=False)


def landlock(setup) -> None:
    """From here on files can be touched only by these rules, in this process and all it starts (landlock(7))."""
    version = setup["landlock"]
    if not version:
        return
    handled = RIGHTS[max(since for since in RIGHTS if since <= version)]
    # Binding and connecting TCP from version 4 on; abstract sockets and signals to the outside from version 6 on.
    fields = (handled, 3, 3)[: 1 + (version >= 4) + (version >= 6)]
    packed = struct.pack(f"<{len(fields)}Q", *fields)
    rules = call("syscall", LANDLOCK_CREATE, packed, len(packed), 0)

    def allow(path, rights) -> None:
        with suppress(FileNotFoundError):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            if not Path(path).is_dir():
                rights &= EXECUTE | WRITE | READ | TRUNCATE | DEVICE
            rule = struct.pack("<Qi", rights & handled, place)
            call("syscall", LANDLOCK_ADD, ctypes.c_int(rules), 1, rule, 0)
            os.close(place)

    for path in setup["real"]:
        allow(path, READ | LIST)
    for path in setup["programs"]:
        allow(path, READ | EXECUTE)
    for path in DEVICES:
        allow(path, READ | (WRITE if path == "/dev/null" else 0))
    allow(setup["scratch"], handled & ~(EXECUTE | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11))  # no devices, sockets, pipes
    call("syscall", LANDLOCK_RESTRICT, ctypes.c_int(rules), 0)
    os.close(rules)


def limit(setup) -> None:
    """Limits that no program can raise again."""
    seconds, tasks = setup["cpu"], setup["tasks"]
    # A file that is open but removed is seen by nobody who counts: without a mount to bound it, fewer and smaller ones.
    disk, files = (setup["disk"], 64) if setup["mode"] in ("namespaces", "bubblewrap") else (setup["disk"] // 4, 32)
    bounds = {"AS": setup["memory"], "FSIZE": disk, "NOFILE": files, "NPROC": tasks, "CORE": 0,
              "MEMLOCK": 0, "MSGQUEUE": 0, "SIGPENDING": 64, "NICE": 0, "RTPRIO": 0}  # fmt: skip
    for name, value in bounds.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is not None:
            most = resource.getrlimit(kind)[1]
            value = value if most == resource.RLIM_INFINITY else min(value, most)
            with suppress(*(() if setup["mode"] != "unsafe" else (OSError, ValueError))):
                resource.setrlimit(kind, (value, value))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def give_up_rights(setup) -> None:
    """Become nobody in particular: no capabilities, no other groups, no way to gain rights by running a file."""
    kept = 0
    if os.geteuid() == 0 and setup["uid"]:
        if setup["mode"] in ("landlock", "unsafe") and not all(map(searchable, setup["packages"] + [os.__file__])):
            kept = 1 << 2  # CAP_DAC_READ_SEARCH: root's own Python is closed to others, and Landlock says what is read
            call("prctl", KEEP_CAPABILITIES, 1, 0, 0, 0)
        become(setup["uid"])
    if setup["mode"] == "unsafe":
        if kept:
            keep(kept)
        return
    for capability in range(64):
        with suppress(OSError):
            call("prctl", BOUNDING_DROP, capability, 0, 0, 0)
    keep(kept)
    call("prctl", DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)  # a change of user has cleared it
    call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    call("prctl", DUMPABLE, 0, 0, 0, 0)


def keep(capabilities) -> None:
    call("capset", struct.pack("<Ii", 0x20080522, 0), struct.pack("<6I", capabilities, capabilities, 0, 0, 0, 0))


def become(uid) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def searchable(path) -> bool:
    """Whether others may go through every folder above `path`."""
    return all(folder.stat().st_mode & 1 for folder in Path(path).parents)


def set_filter(setup) -> None:
    """Install the seccomp filter, in which a placeholder stands for our own pid."""
    if setup["mode"] == "unsafe":
        return
    own = struct.pack("<I", os.getpid())
    program = bytes.fromhex(setup["filter"]).replace(struct.pack("<I", setup["own_pid"]), own)
    instructions = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(instructions))
    call("prctl", SECCOMP, 2, header, 0, 0)


def worker(setup) -> None:
    """Give up everything and become the program."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU):
        signal.signal(one, signal.SIG_DFL)
    scratch, folders = setup["scratch"], setup["packages"]
    try:
        os.setpgid(0, 0)
        os.chdir(scratch)
        for name, text in {**setup["inputs"], "program.py": setup["code"]}.items():
            put(setup, Path(scratch, name), text)
        limit(setup)
        give_up_rights(setup)
        os.environ.update({"HOME": scratch, "TMPDIR": scratch, "PYTHONPATH": ":".join(folders)})
        sys.path[:] = [scratch, *sys.path, *folders]
        if setup["mode"] != "unsafe":
            landlock(setup)
            set_filter(setup)
        report(setup, "ready")
        os.closerange(3, 4096)
    except BaseException as error:
        refuse(setup, error)
    program(setup["code"], f"{scratch}/program.py", setup["programs"])


def put(setup, place, text) -> None:
    """Write one file of the scratch folder and hand it to the user that the program will be."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(text.encode("utf-8", "backslashreplace"))
    while os.geteuid() == 0 and str(place) != setup["scratch"]:
        os.chown(place, setup["uid"], setup["uid"])
        place = place.parent


def refuse(setup, error) -> NoReturn:
    """Whatever kept a wall from standing is told to the caller, and nothing runs."""
    report(setup, f"refused {type(error).__name__}: {error}")
    os._exit(125)


def program(code, path, programs) -> NoReturn:
    """Run `code` as the main program, as `python program.py` would."""
    main = type(sys)("__main__")
    main.__dict__.update(__file__=path, __builtins__=__builtins__)
    sys.modules["__main__"], sys.argv, sys.executable = main, [path], (programs or [""])[0]
    try:
        exec(compile(code, path, "exec"), main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        # Our own frame is left out, as `python program.py` shows none above the program.
        error = error.with_traceback(error.__traceback__.tb_next)
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(1)
    sys.exit(0)


def inner(setup) -> object:
    """The first process of the namespace: make the new root if it is ours to make, then watch over the worker."""
    try:
        if setup["mode"] == "namespaces":
            call("prctl", DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)
            new_root(setup)
        child = os.fork()
    except BaseException as error:
        refuse(setup, error)
    if child == 0:
        return worker
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    # The folder in memory that bubblewrap makes is bounded in bytes, but not in the number of its files.
    report(setup, f"exit {guard(setup, child, setup['scratch'] if setup['mode'] == 'bubblewrap' else None)}")
    os._exit(0)


def own_users(uid, gid) -> None:
    """Map this user, and nobody else, into the new user namespace."""
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def nobody() -> int:
    """A user that no other process is, where this namespace knows so many; else the usual nobody."""
    own = 0x70000000 + os.getpid()
    ranges = (map(int, line.split()) for line in Path("/proc/self/uid_map").read_text().splitlines())
    return own if any(first <= own < first + count for first, _, count in ranges) else 65534


def build(setup) -> None:
    """What must be built from outside the walls."""
    uid, gid = os.geteuid(), os.getegid()
    if sys.platform == "linux":
        call("prctl", DEATH_SIGNAL, int(signal.SIGTERM), 0, 0, 0)
        call("prctl", SUBREAPER, 1, 0, 0, 0)
        setup["uid"] = uid if uid else nobody()
    if os.getppid() != setup["parent"]:
        os._exit(0)
    if setup["mode"] == "namespaces":
        call("unshare", NEW_MOUNTS | NEW_HOST | NEW_IPC | NEW_PIDS | NEW_NET | (NEW_USERS if uid else 0))
        if uid:
            own_users(uid, gid)
    elif setup["mode"] in ("landlock", "unsafe"):
        setup["scratch"] = tempfile.mkdtemp(prefix="manyminds-", dir=setup["temporary"])
        if uid == 0:
            os.chown(setup["scratch"], setup["uid"], setup["uid"])


def outer(setup) -> object:
    """Outside the walls: build, start what is inside, and outlive it."""
    try:
        build(setup)
        child = os.fork()
    except BaseException as error:
        refuse(setup, error)
    if child == 0:
        return enter
    folder = setup["scratch"] if setup["mode"] in ("landlock", "unsafe") else None
    try:
        status = guard(setup, child, folder)
    finally:
        if folder:
            clear(folder)
    if folder:
        report(setup, f"exit {status}")
    os._exit(0)


def enter(setup) -> object:
    """The child of `outer` becomes what its mode says."""
    if setup["mode"] != "bubblewrap":
        return inner if setup["mode"] == "namespaces" else worker
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        if os.geteuid() == 0:  # as root no limit on processes holds, and bubblewrap needs no root
            become(setup["uid"])
        call("prctl", DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)
        os.execv(setup["command"][0], [*setup["command"], *sys.argv[1:3], "inner"])
    except BaseException as error:
        refuse(setup, error)


def begin(role) -> None:
    given, reporting = int(sys.argv[1]), int(sys.argv[2])
    with open(given, "rb", closefd=False) as file:
        file.seek(0)
        setup = json.load(file)
    setup["report"], setup["uid"] = reporting, os.geteuid()
    signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD})
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_DFL)
    while role:  # each process goes on as what its role returns
        role = role(setup)


if __name__ == "__main__":
    begin(inner if sys.argv[3:] == ["inner"] else outer)
