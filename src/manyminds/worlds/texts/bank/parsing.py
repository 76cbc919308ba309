"""Functions that read a small notation."""

from manyminds.worlds.texts.bank.kinds import (
    Bits,
    Brackets,
    Clock,
    Code,
    Formula,
    Hexadecimal,
    Pairs,
    Positive,
    Postfix,
    Ranges,
    Roman,
    Runs,
    Sentence,
    Version,
    Word,
)


def is_balanced(text: Brackets) -> bool:
    """Tell whether round and square brackets close in the right order.

    >>> is_balanced("([])")
    True
    >>> is_balanced("([)]")
    False
    """
    waiting: list[str] = []
    for c in text:
        if c in "([":
            waiting.append(c)
        elif not waiting or waiting.pop() + c not in ("()", "[]"):
            return False
    return not waiting


def bracket_depth(text: Brackets) -> int:
    """Give the largest number of brackets that are open at once, closing ones taken as closing any.

    >>> bracket_depth("(())()")
    2
    >>> bracket_depth("")
    0
    """
    depth = deepest = 0
    for c in text:
        if c in "([":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest


def postfix_value(text: Postfix) -> int:
    """Give the value modulo 1000 of numbers and + - * written after what they apply to.

    >>> postfix_value("2 3 + 4 *")
    20
    >>> postfix_value("5 3 -")
    2
    """
    stack: list[int] = []
    for word in text.split():
        if word in "+-*":
            b, a = stack.pop(), stack.pop()
            stack.append((a + b if word == "+" else a - b if word == "-" else a * b) % 1000)
        else:
            stack.append(int(word))
    return stack[-1]


def formula_value(text: Formula) -> int:
    """Give the value of whole numbers joined by + and -.

    >>> formula_value("10-2+3")
    11
    >>> formula_value("7")
    7
    """
    total, sign, number = 0, 1, 0
    for c in text:
        if c in "+-":
            total += sign * number
            sign, number = (1 if c == "+" else -1), 0
        else:
            number = 10 * number + int(c)
    return total + sign * number


def read_roman(text: Roman) -> int:
    """Give the number that Roman signs write; 0 for no sign.

    >>> read_roman("XIV")
    14
    >>> read_roman("MCM")
    1900
    """
    worth = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    total = 0
    for i, c in enumerate(text):
        if i + 1 < len(text) and worth[c] < worth[text[i + 1]]:
            total -= worth[c]
        else:
            total += worth[c]
    return total


def write_roman(n: Positive) -> str:
    """Write a number in Roman signs.

    >>> write_roman(14)
    'XIV'
    >>> write_roman(40)
    'XL'
    """
    signs = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
             (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))  # fmt: skip
    found = ""
    for worth, sign in signs:
        while n >= worth:
            found += sign
            n -= worth
    return found


def read_hexadecimal(text: Hexadecimal) -> int:
    """Give the number that digits of base 16 in either case write; 0 for none.

    >>> read_hexadecimal("1f")
    31
    >>> read_hexadecimal("A0")
    160
    """
    value = 0
    for c in text.lower():
        value = 16 * value + "0123456789abcdef".index(c)
    return value


def read_bits(text: Bits) -> int:
    """Give the number that digits of base two write; 0 for none.

    >>> read_bits("101")
    5
    >>> read_bits("0010")
    2
    """
    value = 0
    for c in text:
        value = 2 * value + (1 if c == "1" else 0)
    return value


def setting(text: Pairs, key: Word) -> str:
    """Give the value of a key in `a=1;b=2`, the last one if it stands there twice, '' if it does not.

    >>> setting("a=1;b=2", "b")
    '2'
    >>> setting("a=1", "c")
    ''
    """
    found = ""
    for pair in text.split(";"):
        name, _, value = pair.partition("=")
        if name == key and value:
            found = value
    return found


def count_sentences(text: Sentence) -> int:
    """Count the sentences: stretches that hold a letter and end with . or ! or at the end of the text.

    >>> count_sentences("Go. Stop!")
    2
    >>> count_sentences(" ")
    0
    """
    count, letter = 0, False
    for c in text + ".":
        if c in ".!":
            count += 1 if letter else 0
            letter = False
        elif c.isalpha():
            letter = True
    return count


def newer(a: Version, b: Version) -> int:
    """Compare versions number by number: 1 if a is newer, -1 if b is, 0 if they are equal; 1.0 equals 1.

    >>> newer("1.10", "1.9")
    1
    >>> newer("2", "2.0")
    0
    """
    x, y = [int(part) for part in a.split(".")], [int(part) for part in b.split(".")]
    while len(x) < len(y):
        x.append(0)
    while len(y) < len(x):
        y.append(0)
    for i in range(len(x)):
        if x[i] != y[i]:
            return 1 if x[i] > y[i] else -1
    return 0


def listed(text: Ranges) -> list[int]:
    """List the numbers of ranges such as `1-3,7`, as they stand.

    >>> listed("1-3,7")
    [1, 2, 3, 7]
    >>> listed("")
    []
    """
    found: list[int] = []
    for part in text.split(","):
        if "-" in part:
            first, last = part.split("-")
            found += range(int(first), int(last) + 1)
        elif part:
            found.append(int(part))
    return found


def minutes(start: Clock, end: Clock) -> int:
    """Give the minutes from one time of day such as 9:05 to another; an end before the start is on the next day.

    >>> minutes("9:05", "10:00")
    55
    >>> minutes("23:50", "0:10")
    20
    """
    hour, minute = start.split(":")
    begun = 60 * int(hour) + int(minute)
    hour, minute = end.split(":")
    ended = 60 * int(hour) + int(minute)
    return (ended - begun) % 1440


def unpacked(text: Runs) -> str:
    """Write out runs such as `a2b1`, a letter and how often it stands.

    >>> unpacked("a2b1")
    'aab'
    >>> unpacked("c0")
    ''
    """
    found, i = "", 0
    while i < len(text):
        j = i + 1
        while j < len(text) and text[j].isdigit():
            j += 1
        found += text[i] * int(text[i + 1 : j])
        i = j
    return found


def without_comments(text: Code) -> str:
    """Take from each line what follows a #, then blanks at its end, then drop lines that are empty.

    >>> without_comments("a = 1  # one")
    'a = 1'
    >>> without_comments("# all")
    ''
    """
    kept = []
    for line in text.split("\n"):
        line = line.split("#")[0].rstrip()
        if line:
            kept.append(line)
    return "\n".join(kept)


def number_total(text: Runs) -> int:
    """Add the whole numbers that stand in a text.

    >>> number_total("a2b10")
    12
    >>> number_total("")
    0
    """
    total, number = 0, 0
    for c in text:
        if c.isdigit():
            number = 10 * number + int(c)
        else:
            total += number
            number = 0
    return total + number
