"""Functions that fill a table: dynamic programming."""

from manyminds.worlds.texts.bank.kinds import Digits, Matrix, Numbers, Small, Whole, Word


def stairs(n: Whole) -> int:
    """Count the ways up n steps by one or two at a time, modulo 1000; 1 for 0.

    >>> stairs(4)
    5
    >>> stairs(1)
    1
    """
    a, b = 1, 1
    for _ in range(n):
        a, b = b, (a + b) % 1000
    return a


def rising_length(xs: Numbers) -> int:
    """Give the length of the longest strictly rising subsequence.

    >>> rising_length([3, 1, 4, 2, 5])
    3
    >>> rising_length([2, 2])
    1
    """
    ends = [1] * len(xs)
    for i in range(len(xs)):
        for j in range(i):
            if xs[j] < xs[i]:
                ends[i] = max(ends[i], ends[j] + 1)
    return max(ends, default=0)


def common_length(a: Word, b: Word) -> int:
    """Give the length of the longest common subsequence.

    >>> common_length("abcd", "acbd")
    3
    >>> common_length("ab", "cd")
    0
    """
    row = [0] * (len(b) + 1)
    for x in a:
        before = 0
        for j, y in enumerate(b, 1):
            above = row[j]
            row[j] = before + 1 if x == y else max(above, row[j - 1])
            before = above
    return row[-1]


def edit_distance(a: Word, b: Word) -> int:
    """Give the fewest letters to insert, delete or replace to make b of a.

    >>> edit_distance("abc", "adc")
    1
    >>> edit_distance("", "ab")
    2
    """
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above = row[j]
            row[j] = min(above + 1, row[j - 1] + 1, before + (x != y))
            before = above
    return row[-1]


def coin_ways(total: Whole) -> int:
    """Count the ways to pay a total with coins of 1, 2 and 5, order aside.

    >>> coin_ways(5)
    4
    >>> coin_ways(0)
    1
    """
    ways = [1] + [0] * total
    for coin in (1, 2, 5):
        for paid in range(coin, total + 1):
            ways[paid] += ways[paid - coin]
    return ways[total]


def fewest_coins(total: Whole) -> int:
    """Give the fewest coins of 1, 4 and 6 that make up a total.

    >>> fewest_coins(8)
    2
    >>> fewest_coins(3)
    3
    """
    fewest = [0]
    for paid in range(1, total + 1):
        best = fewest[paid - 1] + 1
        for coin in (4, 6):
            if coin <= paid:
                best = min(best, fewest[paid - coin] + 1)
        fewest.append(best)
    return fewest[total]


def best_stretch(xs: Numbers) -> int:
    """Give the largest sum of a stretch of neighbours; the empty stretch has sum 0.

    >>> best_stretch([2, -3, 4, -1, 2])
    5
    >>> best_stretch([-2, -1])
    0
    """
    best = here = 0
    for x in xs:
        here = max(0, here + x)
        best = max(best, here)
    return best


def best_apart(xs: Numbers) -> int:
    """Give the largest sum of elements no two of which are neighbours; none has sum 0.

    >>> best_apart([2, 7, 9, 3])
    11
    >>> best_apart([-1])
    0
    """
    taken = left = 0
    for x in xs:
        taken, left = left + x, max(taken, left)
    return max(taken, left)


def knapsack(weights: Numbers, room: Whole) -> int:
    """Give the most things whose weights fit into the room; the weight of x is its absolute value plus one.

    >>> knapsack([1, 4, 2], 6)
    2
    >>> knapsack([5], 3)
    0
    """
    most = 0
    for weight in sorted(abs(x) + 1 for x in weights):
        if weight > room:
            break
        room -= weight
        most += 1
    return most


def grid_paths(rows: Small, columns: Small) -> int:
    """Count the paths over a grid of cells from one corner to the opposite one, right and down; 0 without cells.

    >>> grid_paths(2, 3)
    3
    >>> grid_paths(1, 5)
    1
    """
    if rows == 0 or columns == 0:
        return 0
    row = [1] * columns
    for _ in range(1, rows):
        for j in range(1, columns):
            row[j] += row[j - 1]
    return row[-1]


def mirrored_length(word: Word) -> int:
    """Give the length of the longest subsequence that reads the same from both ends.

    >>> mirrored_length("abca")
    3
    >>> mirrored_length("")
    0
    """
    n = len(word)
    best = [[0] * (n + 1) for _ in range(n + 1)]
    for i in range(n - 1, -1, -1):
        for j in range(i, n):
            if word[i] == word[j]:
                best[i][j] = 1 if i == j else best[i + 1][j - 1] + 2
            else:
                best[i][j] = max(best[i + 1][j], best[i][j - 1])
    return best[0][n - 1] if n else 0


def splits_evenly(xs: Numbers) -> bool:
    """Tell whether the absolute values of the first twenty can be parted in two groups of equal sum.

    >>> splits_evenly([1, 5, 6])
    True
    >>> splits_evenly([1, 2, 4])
    False
    """
    total = sum(abs(x) for x in xs[:20])
    sums = {0}
    for x in xs[:20]:
        sums |= {one + abs(x) for one in sums}
    return total % 2 == 0 and total // 2 in sums


def rod_value(length: Small, prices: Numbers) -> int:
    """Give the best total price of a rod cut in whole pieces; piece i + 1 has price prices[i], others nothing.

    >>> rod_value(4, [1, 5, 8, 9])
    10
    >>> rod_value(2, [3])
    6
    """
    best = [0]
    for size in range(1, length + 1):
        top = 0
        for i, price in enumerate(prices[:size]):
            top = max(top, price + best[size - i - 1])
        best.append(max(top, best[-1]))
    return best[length]


def decodings(digits: Digits) -> int:
    """Count the ways to read digits as letters, 1 for a to 26 for z; 1 for the empty text.

    >>> decodings("12")
    2
    >>> decodings("10")
    1
    """
    before, now = 0, 1
    for i, d in enumerate(digits):
        ways = now if d != "0" else 0
        if i > 0 and "10" <= digits[i - 1 : i + 1] <= "26":
            ways += before
        before, now = now, ways
    return now


def cheapest_path(rows: Matrix) -> int:
    """Give the smallest sum of a path from the upper left to the lower right, right and down; 0 without cells.

    >>> cheapest_path([[1, 3], [1, 1]])
    3
    >>> cheapest_path([[4]])
    4
    """
    if not rows:
        return 0
    costs: list[int] = []
    for i, row in enumerate(rows):
        for j, x in enumerate(row):
            if i == 0:
                costs.append(x + (costs[j - 1] if j > 0 else 0))
            else:
                costs[j] = x + (min(costs[j], costs[j - 1]) if j > 0 else costs[j])
    return costs[-1]


def longest_plateau(xs: Numbers, step: Small) -> int:
    """Give the length of the longest subsequence in which each element is the one before plus `step`.

    >>> longest_plateau([1, 5, 2, 3], 1)
    3
    >>> longest_plateau([4, 4, 1], 0)
    2
    """
    lengths: dict[int, int] = {}
    for x in xs:
        lengths[x] = lengths.get(x - step, 0) + 1
    return max(lengths.values(), default=0)
