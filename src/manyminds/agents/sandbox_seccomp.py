"""The system calls that generated code may make, as a seccomp filter: a list of what is allowed, all else fails.

Landlock says which files may be touched, but not who may be signalled, whose limits may be changed, which modes of
files may be set, nor (for UDP, raw and unix sockets) who may be spoken to. This filter says it, call by call. It also
keeps the kernel's less tried corners (io_uring, bpf, namespaces, keys, tracing) out of reach. Allowing by name, not
forbidding, is what keeps it right when a later kernel adds a call.

The filter is classic BPF over `struct seccomp_data` (seccomp(2)): 8 bytes an instruction, the number of the call at
offset 0, the architecture at 4, argument i at 16 + 8 i. Only the low half of an argument is compared: every argument
looked at here is an `int` or `unsigned int` of the kernel, which itself drops the high half.
"""

import platform
import struct

# Each call as name:x86_64:aarch64, from the kernel's tables; "-" where an architecture lacks it.
PLAIN = """
read:0:63 write:1:64 readv:19:65 writev:20:66 pread64:17:67 pwrite64:18:68 preadv:295:69 pwritev:296:70
preadv2:327:286 pwritev2:328:287 close:3:57 close_range:436:436 fstat:5:80 stat:4:- lstat:6:- newfstatat:262:79
statx:332:291 lseek:8:62 poll:7:- ppoll:271:73 select:23:- pselect6:270:72 mmap:9:222 mprotect:10:226
munmap:11:215 brk:12:214 mremap:25:216 madvise:28:233 msync:26:227 rt_sigaction:13:134 rt_sigprocmask:14:135
rt_sigreturn:15:139 rt_sigpending:127:136 rt_sigtimedwait:128:137 rt_sigsuspend:130:133 sigaltstack:131:132
pause:34:- access:21:- faccessat:269:48 faccessat2:439:439 pipe:22:- pipe2:293:59 dup:32:23 dup2:33:-
dup3:292:24 nanosleep:35:101 clock_nanosleep:230:115 clock_gettime:228:113 clock_getres:229:114
gettimeofday:96:169 time:201:- times:100:153 getitimer:36:102 setitimer:38:103 alarm:37:- getpid:39:172
getppid:110:173 gettid:186:178 getuid:102:174 geteuid:107:175 getgid:104:176 getegid:108:177 getresuid:118:148
getresgid:120:150 getgroups:115:158 getpgrp:111:- getpgid:121:155 getsid:124:156 uname:63:160 sysinfo:99:179
getrusage:98:165 getrlimit:97:163 umask:95:166 getcwd:79:17 chdir:80:49 fchdir:81:50 open:2:- openat:257:56
creat:85:- rename:82:- renameat:264:38 renameat2:316:276 mkdir:83:- mkdirat:258:34 rmdir:84:- unlink:87:-
unlinkat:263:35 link:86:- linkat:265:37 symlink:88:- symlinkat:266:36 readlink:89:- readlinkat:267:78
truncate:76:45 ftruncate:77:46 fallocate:285:47 fsync:74:82 fdatasync:75:83 getdents:78:- getdents64:217:61
statfs:137:43 fstatfs:138:44 flock:73:32 fadvise64:221:223 copy_file_range:326:285 sendfile:40:71 futex:202:98
set_robust_list:273:99 get_robust_list:274:100 set_tid_address:218:96 rseq:334:293 membarrier:324:283
sched_yield:24:124 sched_getaffinity:204:123 sched_getparam:143:121 sched_getscheduler:145:120
sched_get_priority_max:146:125 sched_get_priority_min:147:126 getcpu:309:168 getrandom:318:278 arch_prctl:158:-
exit:60:93 exit_group:231:94 restart_syscall:219:128 epoll_create:213:- epoll_create1:291:20 epoll_ctl:233:21
epoll_wait:232:- epoll_pwait:281:22 epoll_pwait2:441:441 eventfd:284:- eventfd2:290:19 timerfd_create:283:85
timerfd_settime:286:86 timerfd_gettime:287:87 sendto:44:206 recvfrom:45:207 shutdown:48:210 getsockopt:55:209
getsockname:51:204 getpeername:52:205 wait4:61:260 waitid:247:95
"""
# Only where a family of processes is asked for, which takes a process namespace to end it whole.
FAMILY = """
fork:57:- vfork:58:- execve:59:221 execveat:322:281 setpgid:109:154 setsid:112:157 kill:62:129 tkill:200:130
tgkill:234:131
"""
# Landlock does not rule modes and times of files. On a read-only mount they are harmless; without one these calls do
# nothing and say that they did, since much that copies files would stop at an error.
FILE_MODES = """
chmod:90:- fchmod:91:52 fchmodat:268:53 fchmodat2:452:452 utime:132:- utimes:235:- utimensat:280:88
futimesat:261:-
"""
LOOKED_AT = """
clone:56:220 clone3:435:435 kill:62:129 tgkill:234:131 prctl:157:167 ioctl:16:29 fcntl:72:25 prlimit64:302:261
socketpair:53:199
"""

ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}  # AUDIT_ARCH_*, column of the tables
ALLOW, KILL = 0x7FFF0000, 0x80000000
NOTHING, EPERM, ENOSYS = 0x00050000, 0x00050000 | 1, 0x00050000 | 38
LOAD, EQUAL, ABOVE, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
OWN_PID = 0x5AFEC0DE  # stands for the pid of the process, which is known only when the filter is set
X32 = 0x40000000  # calls of the x32 interface of x86_64 carry this bit and would slip past the numbers

NEW_NAMESPACES = 0x7E020000
OTHER_PARENT = 0x00808000 | 0x2000  # CLONE_PARENT, CLONE_UNTRACED, CLONE_PTRACE: children of somebody else
THREAD = 0x00010000
SET_NAME, GET_NAME, NAME_MEMORY = 15, 16, 0x53564D41  # prctl
TERMINAL = (
    0x5401,
    0x5413,
    0x541B,
    0x5421,
    0x5450,
    0x5451,
)  # ioctl: TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, (no) CLOEXEC
DESCRIPTOR = (0, 1, 2, 3, 4, 5, 6, 7, 1030, 1032)  # fcntl without F_SETOWN, F_SETSIG (signals to others) and leases
UNIX, STREAM, KIND = 1, 1, 0xF  # a stream pair cannot be pointed at another address, as a datagram pair could


def instruction(code: int, k: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, k)


def answer(value: int) -> bytes:
    return instruction(RETURN, value)


def argument(index: int) -> bytes:
    return instruction(LOAD, 16 + 8 * index)


def only(index: int, *values: int) -> bytes:
    """Allowed where argument `index` is one of `values`."""
    tests = (instruction(EQUAL, value, 0, 1) + answer(ALLOW) for value in values)
    return argument(index) + b"".join(tests) + answer(EPERM)


def cloning(family: bool) -> bytes:
    """Threads; whole processes too where a family is allowed; never with a namespace or a parent of its own."""
    outside = argument(0) + instruction(ANY_BIT, NEW_NAMESPACES | OTHER_PARENT, 0, 1) + answer(EPERM)
    return outside + (answer(ALLOW) if family else instruction(ANY_BIT, THREAD, 0, 1) + answer(ALLOW) + answer(EPERM))


def numbers(table: str, column: int) -> dict[str, int]:
    rows = (entry.split(":") for entry in table.split())
    return {name: int(found[column]) for name, *found in rows if found[column] != "-"}


def seccomp(family: bool, mounts: bool, machine: str = "") -> bytes:
    """The filter for this machine. `family`: processes may be made (they are in a process namespace of their own);
    `mounts`: all but the scratch folder is mounted read-only. Raises KeyError on an architecture without tables."""
    audit, column = ARCHITECTURES[machine or platform.machine()]
    looked_at = {
        "clone": cloning(family),
        "clone3": answer(ENOSYS),  # its flags lie in memory, where no filter can see them; callers fall back to clone
        "kill": only(0, OWN_PID),
        "tgkill": only(0, OWN_PID),
        "prctl": only(0, SET_NAME, GET_NAME, NAME_MEMORY),
        "ioctl": only(1, *TERMINAL),
        "fcntl": only(1, *DESCRIPTOR),
        "prlimit64": only(0, 0),
        "socketpair": argument(0) + instruction(EQUAL, UNIX, 1, 0) + answer(EPERM) + argument(1)
        + instruction(0x54, KIND) + instruction(EQUAL, STREAM, 0, 1) + answer(ALLOW) + answer(EPERM),
    }  # fmt: skip
    idle = {} if mounts else {name: answer(NOTHING) for name in numbers(FILE_MODES, column)}
    free = PLAIN + (FAMILY if family else "") + (FILE_MODES if mounts else "")
    allowed = numbers(free, column)
    named = numbers(LOOKED_AT + FILE_MODES, column)
    checked = {named[name]: block for name, block in {**looked_at, **idle}.items() if name not in allowed}
    program = instruction(LOAD, 4) + instruction(EQUAL, audit, 1, 0) + answer(KILL) + instruction(LOAD, 0)
    program += instruction(ABOVE, X32, 0, 1) + answer(KILL)
    for at in sorted(allowed.values()):
        program += instruction(EQUAL, at, 0, 1) + answer(ALLOW)
    for at, block in checked.items():
        program += instruction(EQUAL, at, 0, len(block) // 8) + block
    return program + answer(EPERM)
