"""Functions that call themselves, or that unfold what would."""

from manyminds.worlds.texts.bank.kinds import Nested, Numbers, Positive, Small, Sorted, Whole, Word


def fibonacci(n: Whole) -> int:
    """Give the n-th Fibonacci number modulo 1000; the first two are 0 and 1.

    >>> fibonacci(7)
    13
    >>> fibonacci(0)
    0
    """
    a, b = 0, 1
    for _ in range(n):
        a, b = b, (a + b) % 1000
    return a


def factorial(n: Small) -> int:
    """Multiply 1 to n; 1 for 0.

    >>> factorial(4)
    24
    >>> factorial(1)
    1
    """
    if n < 2:
        return 1
    return n * factorial(n - 1)


def flattened(xs: Nested) -> list[int]:
    """List the numbers of a nested list in order.

    >>> flattened([1, [2, 3]])
    [1, 2, 3]
    >>> flattened([[]])
    []
    """
    found = []
    for x in xs:
        if isinstance(x, list):
            found += flattened(x)
        else:
            found.append(x)
    return found


def nested_depth(xs: Nested) -> int:
    """Give how deep lists are nested; a list without lists has depth 1.

    >>> nested_depth([1, [2, [3]]])
    3
    >>> nested_depth([])
    1
    """
    deepest = 0
    for x in xs:
        if isinstance(x, list):
            deepest = max(deepest, nested_depth(x))
    return deepest + 1


def weighted_sum(xs: Nested, depth: Small) -> int:
    """Add the numbers of a nested list, each times `depth` plus how many lists it stands within.

    >>> weighted_sum([1, [2]], 0)
    5
    >>> weighted_sum([3], 1)
    6
    """
    total = 0
    for x in xs:
        if isinstance(x, list):
            total += weighted_sum(x, depth + 1)
        else:
            total += (depth + 1) * x
    return total


def tower_moves(discs: Small) -> list[str]:
    """List the shortest moves of a tower of discs from a to c by b, such as 'ac'.

    >>> tower_moves(2)
    ['ab', 'ac', 'bc']
    >>> tower_moves(0)
    []
    """

    def moves(n: int, a: str, b: str, c: str) -> list[str]:
        if n == 0:
            return []
        return [*moves(n - 1, a, c, b), a + c, *moves(n - 1, b, a, c)]

    return moves(discs, "a", "b", "c")


def gray_code(bits: Small) -> list[str]:
    """List all strings of bits so that neighbours differ in one, from the zeros on, the mirrored half behind a 1.

    >>> gray_code(2)
    ['00', '01', '11', '10']
    >>> gray_code(0)
    ['']
    """
    if bits == 0:
        return [""]
    half = gray_code(bits - 1)
    return ["0" + one for one in half] + ["1" + one for one in half[::-1]]


def pascal_row(n: Small) -> list[int]:
    """Give row n of the triangle of Pascal; row 0 is [1].

    >>> pascal_row(3)
    [1, 3, 3, 1]
    >>> pascal_row(1)
    [1, 1]
    """
    if n == 0:
        return [1]
    above = pascal_row(n - 1)
    return [1] + [above[i] + above[i + 1] for i in range(len(above) - 1)] + [1]


def chosen(n: Small, k: Small) -> int:
    """Count the ways to choose k of n things.

    >>> chosen(4, 2)
    6
    >>> chosen(2, 3)
    0
    """
    if k > n:
        return 0
    if k == 0 or k == n:
        return 1
    return chosen(n - 1, k - 1) + chosen(n - 1, k)


def partitions(n: Small, largest: Small) -> int:
    """Count the ways to write n as a sum of positive numbers of at most `largest`, order aside; 1 for 0.

    >>> partitions(4, 4)
    5
    >>> partitions(4, 2)
    3
    """
    if n == 0:
        return 1
    if n < 0 or largest == 0:
        return 0
    return partitions(n - largest, largest) + partitions(n, largest - 1)


def last_standing(n: Positive, k: Positive) -> int:
    """n people stand in a circle, every k-th leaves; give the index of the last one, from 0.

    >>> last_standing(5, 2)
    2
    >>> last_standing(1, 3)
    0
    """
    place = 0
    for size in range(2, n + 1):
        place = (place + k) % size
    return place


def found_at(xs: Sorted, x: int) -> int:
    """Give the first index of x in an ascending list, -1 if it is not there.

    >>> found_at([1, 3, 3, 8], 3)
    1
    >>> found_at([1, 2], 5)
    -1
    """
    low, high = 0, len(xs)
    while low < high:
        middle = (low + high) // 2
        if xs[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low if low < len(xs) and xs[low] == x else -1


def subset_count(xs: Numbers, total: int) -> int:
    """Count the subsets of the first ten elements that add up to the total; the empty one adds up to 0.

    >>> subset_count([1, 2, 3], 3)
    2
    >>> subset_count([5], 0)
    1
    """

    def count(i: int, left: int) -> int:
        if i == min(len(xs), 10):
            return 1 if left == 0 else 0
        return count(i + 1, left) + count(i + 1, left - xs[i])

    return count(0, total)


def arrangements(word: Word) -> int:
    """Count the different orders of the letters.

    >>> arrangements("aab")
    3
    >>> arrangements("")
    1
    """
    ways = 1
    for i, c in enumerate(word):
        ways = ways * (i + 1) // (word[: i + 1].count(c))
    return ways


def merge_sort(xs: Numbers) -> list[int]:
    """Sort from small to large, without `sorted`.

    >>> merge_sort([3, 1, 2])
    [1, 2, 3]
    >>> merge_sort([2, 2, 1])
    [1, 2, 2]
    """
    if len(xs) < 2:
        return xs
    middle = len(xs) // 2
    a, b, merged = merge_sort(xs[:middle]), merge_sort(xs[middle:]), []
    while a and b:
        merged.append(a.pop(0) if a[0] <= b[0] else b.pop(0))
    return merged + a + b


def ruler(n: Small) -> list[int]:
    """Give the marks of a ruler: those of n - 1, then n, then those of n - 1 again; none for 0.

    >>> ruler(2)
    [1, 2, 1]
    >>> ruler(1)
    [1]
    """
    if n == 0:
        return []
    half = ruler(n - 1)
    return [*half, n, *half]
