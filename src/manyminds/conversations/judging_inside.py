"""The inside of a judge: a script that loads a program, evaluates calls beside it and prints each value as a literal.

Its source is sent into the sandbox with one call added at its end; of what it defines only the preamble is imported.
It takes what it needs from the system before it loads the program, and leaves by `os._exit`, so that a program that
changes builtins or waits at the exit changes its own values and nothing else.
"""

# ruff: noqa: ANN201, ANN202, B008  what it needs later is taken now, as defaults
import json
import os
import signal
import sys

PREAMBLE = """
import math, re, sys, copy, datetime, itertools, collections, heapq, functools, hashlib, random, string, typing
from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple, Union
random.seed(0)
"""
NUMPY = "import numpy\nimport numpy as np\nnumpy.random.seed(0)"
DICTS = ("Counter", "defaultdict", "OrderedDict")
PATIENCE = 3  # calls that may take too long
DEEPEST = 60  # levels of a value that can be read back


class Opaque(Exception):
    """A value that is no plain one."""


class Late(BaseException):
    """A call took too long."""


def written(x, depth=0, kinds=(bool, bytes, complex, str, type(None)), kind_of=type, show=repr, infinite=float("inf")):
    """A plain value as a literal; exact types only, so that nothing of the program's own has a say."""
    kind = kind_of(x)
    if depth > DEEPEST:
        raise Opaque("nested too deep")
    if kind is int:
        return show(x) if -(10**300) < x < 10**300 else hex(x)
    if kind is float:
        return "nan" if x != x else "1e999" if x == infinite else "-1e999" if x == -infinite else show(x)
    if kind in kinds:
        return show(x)
    if kind in (list, tuple, set, frozenset):
        inner = [written(one, depth + 1) for one in x]
        if kind is list:
            return "[" + ", ".join(inner) + "]"
        if kind is tuple:
            return "(" + "".join(one + ", " for one in inner) + ")"
        return "{" + ", ".join(inner) + "}" if inner else "set()"
    if kind is dict or (kind.__module__ == "collections" and kind.__name__ in DICTS):
        pairs = [written(k, depth + 1) + ": " + written(v, depth + 1) for k, v in dict.items(x)]
        return "{" + ", ".join(pairs) + "}"
    if kind.__module__ == "numpy" and hasattr(x, "tolist"):
        return written(x.tolist(), depth + 1)
    raise Opaque(f"an object of type {kind.__name__}")


def said(error):
    """An error as one line."""
    return f"{type(error).__name__}: {str(error)[:300]}"


def judge(code, calls, mark, each, numpy=False, traced=False, write=os.write, dumps=json.dumps, leave=os._exit,
          clock=signal.setitimer, kind_of_clock=signal.ITIMER_PROF, source=compile):  # fmt: skip
    """Print [number, kind, text] for each call. `each`: seconds of the processor for one, so that a busy machine fails
    nobody; after a few that were too long the rest is left out. `traced`: print the lines that ran as well."""

    def say(at, kind, text):
        data = f"\n{mark}{dumps([at, kind, text])}\n".encode("utf-8", "backslashreplace")
        while data:
            data = data[write(1, data) :]

    def late(*_):
        raise Late

    lines = set()

    def trace(frame, event, argument):
        if frame.f_code.co_filename != "program":
            return None
        lines.add(frame.f_lineno)
        return trace

    patience = PATIENCE
    signal.signal(signal.SIGPROF, late)
    space = {"__name__": "program"} if code else {"__name__": "program", "nan": float("nan")}
    exec(PREAMBLE + (NUMPY if numpy else ""), space)
    if traced:
        sys.settrace(trace)
    try:
        exec(source(code, "program", "exec"), space)
    except BaseException as error:  # a program may raise anything, even SystemExit; it is reported, never passed over
        say(-1, "broken", said(error))
        leave(1)
    for at, call in enumerate(calls):
        try:
            clock(kind_of_clock, each)
            try:
                found = written(eval(call, space))
            finally:
                clock(kind_of_clock, 0)
            say(at, "value", found)
        except Late:
            say(at, "timeout", "")
            patience -= 1
            if not patience:
                leave(1)
        except Opaque as error:
            say(at, "opaque", str(error))
        except BaseException as error:  # the same of a call: it is a verdict on the program
            say(at, "error", said(error))
    if traced:
        say(-1, "lines", " ".join(map(str, sorted(lines))))
    leave(0)
