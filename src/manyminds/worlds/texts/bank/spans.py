"""Functions on intervals [first, last], both ends included."""

from manyminds.worlds.texts.bank.kinds import Intervals, Whole


def merged(spans: Intervals) -> list[list[int]]:
    """Join intervals that share a point, in ascending order.

    >>> merged([[5, 7], [1, 3], [2, 4]])
    [[1, 4], [5, 7]]
    >>> merged([[1, 2], [2, 3]])
    [[1, 3]]
    """
    found: list[list[int]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1][1] = max(found[-1][1], last)
        else:
            found.append([first, last])
    return found


def covered(spans: Intervals) -> int:
    """Count the whole numbers that lie in some interval.

    >>> covered([[1, 3], [2, 5]])
    5
    >>> covered([])
    0
    """
    count, reach = 0, -1
    for first, last in sorted(spans):
        if last > reach:
            count += last - max(first, reach + 1) + 1
            reach = last
    return count


def most_at_once(spans: Intervals) -> int:
    """Give the largest number of intervals that share a point.

    >>> most_at_once([[1, 3], [3, 5], [6, 7]])
    2
    >>> most_at_once([])
    0
    """
    most = 0
    for start, _ in spans:
        here = 0
        for first, last in spans:
            if first <= start <= last:
                here += 1
        most = max(most, here)
    return most


def overlap(spans: Intervals, other: Intervals) -> list[list[int]]:
    """List what each interval of the first list shares with each of the second, in that order.

    >>> overlap([[1, 5]], [[3, 8], [6, 7]])
    [[3, 5]]
    >>> overlap([[1, 2]], [[2, 3]])
    [[2, 2]]
    """
    found = []
    for a, b in spans:
        for c, d in other:
            if max(a, c) <= min(b, d):
                found.append([max(a, c), min(b, d)])
    return found


def holding(spans: Intervals, point: Whole) -> int:
    """Count the intervals that hold a point.

    >>> holding([[1, 3], [3, 5]], 3)
    2
    >>> holding([[1, 3]], 4)
    0
    """
    count = 0
    for first, last in spans:
        if first <= point <= last:
            count += 1
    return count


def gaps(spans: Intervals) -> list[list[int]]:
    """List the gaps between intervals, as intervals of the whole numbers in them, in ascending order.

    >>> gaps([[1, 2], [5, 6]])
    [[3, 4]]
    >>> gaps([[1, 2], [3, 4]])
    []
    """
    found, reach = [], None
    for first, last in sorted(spans):
        if reach is not None and first > reach + 1:
            found.append([reach + 1, first - 1])
        reach = last if reach is None else max(reach, last)
    return found


def longest_span(spans: Intervals) -> list[int]:
    """Give the longest interval, the first of those equal; [] if there is none.

    >>> longest_span([[1, 2], [4, 9], [0, 5]])
    [4, 9]
    >>> longest_span([])
    []
    """
    best: list[int] = []
    for span in spans:
        if not best or span[1] - span[0] > best[1] - best[0]:
            best = span
    return best


def most_apart(spans: Intervals) -> int:
    """Give the largest number of intervals of which no two share a point.

    >>> most_apart([[1, 3], [2, 4], [4, 6]])
    2
    >>> most_apart([[1, 2], [2, 3]])
    1
    """
    count, reach = 0, -1
    for first, last in sorted(spans, key=lambda span: span[1]):
        if first > reach:
            count += 1
            reach = last
    return count


def covers(spans: Intervals, first: Whole, last: Whole) -> bool:
    """Tell whether every whole number from `first` to `last` lies in some interval.

    >>> covers([[1, 3], [4, 6]], 2, 5)
    True
    >>> covers([[1, 3], [5, 6]], 2, 5)
    False
    """
    need = first
    for a, b in sorted(spans):
        if a <= need <= b:
            need = b + 1
    return need > last


def without_inner(spans: Intervals) -> list[list[int]]:
    """Keep the different intervals that lie within no other one, in ascending order.

    >>> without_inner([[1, 6], [2, 3], [5, 8]])
    [[1, 6], [5, 8]]
    >>> without_inner([[1, 2], [1, 2]])
    [[1, 2]]
    """
    kept: list[list[int]] = []
    for first, last in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or last > kept[-1][1]:
            kept.append([first, last])
    return kept


def fewest_points(spans: Intervals) -> list[int]:
    """Give the fewest points that hit every interval, each as far right as it can be.

    >>> fewest_points([[1, 4], [3, 6], [7, 9]])
    [4, 9]
    >>> fewest_points([[2, 2]])
    [2]
    """
    points: list[int] = []
    for first, last in sorted(spans, key=lambda span: span[1]):
        if not points or points[-1] < first:
            points.append(last)
    return points


def hull(spans: Intervals) -> list[int]:
    """Give the smallest interval that holds all; [] if there is none.

    >>> hull([[4, 5], [1, 2]])
    [1, 5]
    >>> hull([])
    []
    """
    if not spans:
        return []
    low, high = spans[0]
    for first, last in spans[1:]:
        low, high = min(low, first), max(high, last)
    return [low, high]


def moved(spans: Intervals, by: int) -> list[list[int]]:
    """Move every interval by a number; what falls below 0 is cut off, and dropped if nothing is left.

    >>> moved([[1, 3], [6, 8]], -2)
    [[0, 1], [4, 6]]
    >>> moved([[1, 2]], -4)
    []
    """
    found = []
    for first, last in spans:
        if last + by >= 0:
            found.append([max(0, first + by), last + by])
    return found


def shared_by_all(spans: Intervals) -> list[int]:
    """Give what all intervals share; [] if nothing, or if there are none.

    >>> shared_by_all([[1, 5], [3, 8]])
    [3, 5]
    >>> shared_by_all([[1, 2], [4, 5]])
    []
    """
    if not spans:
        return []
    low, high = spans[0]
    for first, last in spans:
        low, high = max(low, first), min(high, last)
    return [low, high] if low <= high else []


def clashes(spans: Intervals) -> int:
    """Count the pairs of intervals that share a point.

    >>> clashes([[1, 3], [2, 4], [4, 6]])
    2
    >>> clashes([[1, 2], [3, 4]])
    0
    """
    count = 0
    for i, (a, b) in enumerate(spans):
        for c, d in spans[i + 1 :]:
            if c <= b and a <= d:
                count += 1
    return count


def busiest_point(spans: Intervals) -> int:
    """Give the smallest point that lies in the most intervals; -1 if there are none.

    >>> busiest_point([[1, 4], [3, 5], [3, 3]])
    3
    >>> busiest_point([])
    -1
    """
    best, most = -1, 0
    for point in sorted({first for first, _ in spans}):
        here = sum(1 for first, last in spans if first <= point <= last)
        if here > most:
            best, most = point, here
    return best
