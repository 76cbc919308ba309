"""Functions that scan a list once or nearly so."""

from manyminds.worlds.texts.bank.kinds import Numbers, Some, Sorted, Whole


def longest_run(xs: Numbers) -> int:
    """Give the length of the longest run of equal neighbours, 0 for an empty list.

    >>> longest_run([1, 1, 2, 2, 2, 1])
    3
    >>> longest_run([4, 5])
    1
    """
    best = run = 0
    for i, x in enumerate(xs):
        run = run + 1 if i > 0 and xs[i - 1] == x else 1
        best = max(best, run)
    return best


def second_largest(xs: Numbers) -> int | None:
    """Give the second largest of the different values, None if there are fewer than two.

    >>> second_largest([3, 9, 9, 5])
    5
    >>> second_largest([2, 2]) is None
    True
    """
    first = second = None
    for x in xs:
        if first is None or x > first:
            first, second = x, first
        elif x != first and (second is None or x > second):
            second = x
    return second


def count_peaks(xs: Numbers) -> int:
    """Count the values that are larger than both neighbours; the ends are no peaks.

    >>> count_peaks([1, 3, 1, 4, 2])
    2
    >>> count_peaks([5, 1, 5])
    0
    """
    peaks = 0
    for i in range(1, len(xs) - 1):
        if xs[i - 1] < xs[i] and xs[i] > xs[i + 1]:
            peaks += 1
    return peaks


def running_max(xs: Numbers) -> list[int]:
    """Give for each place the largest value up to it.

    >>> running_max([2, 1, 5, 3])
    [2, 2, 5, 5]
    >>> running_max([-4, -6])
    [-4, -4]
    """
    found: list[int] = []
    for x in xs:
        found.append(x if not found or x > found[-1] else found[-1])
    return found


def rotate_left(xs: Numbers, k: Whole) -> list[int]:
    """Move the first element to the end, k times.

    >>> rotate_left([1, 2, 3, 4], 1)
    [2, 3, 4, 1]
    >>> rotate_left([1, 2, 3], 5)
    [3, 1, 2]
    """
    if not xs:
        return []
    k = k % len(xs)
    return xs[k:] + xs[:k]


def has_pair_sum(xs: Numbers, total: int) -> bool:
    """Tell whether two elements at different places add up to the total.

    >>> has_pair_sum([1, 4, 6], 10)
    True
    >>> has_pair_sum([5, 1], 10)
    False
    """
    seen: set[int] = set()
    for x in xs:
        if total - x in seen:
            return True
        seen.add(x)
    return False


def largest_step(xs: Numbers) -> int:
    """Give the largest absolute difference of neighbours, 0 if there are fewer than two elements.

    >>> largest_step([1, 4, 9, 7])
    5
    >>> largest_step([3])
    0
    """
    best = 0
    for i in range(1, len(xs)):
        best = max(best, abs(xs[i] - xs[i - 1]))
    return best


def window_sums(xs: Numbers, width: Whole) -> list[int]:
    """Give the sums of all windows of `width` neighbours; an empty list if the width is 0 or larger than the list.

    >>> window_sums([1, 2, 3, 4], 2)
    [3, 5, 7]
    >>> window_sums([1, 2], 3)
    []
    """
    if width == 0 or width > len(xs):
        return []
    total = sum(xs[:width])
    sums = [total]
    for i in range(width, len(xs)):
        total += xs[i] - xs[i - width]
        sums.append(total)
    return sums


def squeeze(xs: Numbers) -> list[int]:
    """Keep one of each run of equal neighbours.

    >>> squeeze([1, 1, 2, 1, 1])
    [1, 2, 1]
    >>> squeeze([3, 3, 3])
    [3]
    """
    kept: list[int] = []
    for x in xs:
        if not kept or kept[-1] != x:
            kept.append(x)
    return kept


def first_repeat(xs: Numbers) -> int | None:
    """Give the first value that has been seen before, None if all differ.

    >>> first_repeat([2, 5, 3, 5, 2])
    5
    >>> first_repeat([1, 2]) is None
    True
    """
    seen: list[int] = []
    for x in xs:
        if x in seen:
            return x
        seen.append(x)
    return None


def majority(xs: Numbers) -> int | None:
    """Give the value that takes more than half of the places, None if there is none.

    >>> majority([2, 1, 2])
    2
    >>> majority([1, 2]) is None
    True
    """
    for x in dict.fromkeys(xs):
        if 2 * xs.count(x) > len(xs):
            return x
    return None


def balance_place(xs: Numbers) -> int:
    """Give the first index whose left sum equals its right sum (itself in neither), -1 if there is none.

    >>> balance_place([1, 2, 3, 3])
    2
    >>> balance_place([1, 2])
    -1
    """
    left, total = 0, sum(xs)
    for i, x in enumerate(xs):
        if left == total - left - x:
            return i
        left += x
    return -1


def inversions(xs: Numbers) -> int:
    """Count the pairs of places i before j with a larger value at i.

    >>> inversions([3, 1, 2])
    2
    >>> inversions([2, 2, 1])
    2
    """
    count = 0
    for i in range(len(xs)):
        for j in range(i + 1, len(xs)):
            if xs[i] > xs[j]:
                count += 1
    return count


def merge_sorted(xs: Sorted, ys: Sorted) -> list[int]:
    """Merge two ascending lists into one.

    >>> merge_sorted([1, 4], [2, 3, 9])
    [1, 2, 3, 4, 9]
    >>> merge_sorted([], [5])
    [5]
    """
    merged, i, j = [], 0, 0
    while i < len(xs) and j < len(ys):
        if xs[i] <= ys[j]:
            merged.append(xs[i])
            i += 1
        else:
            merged.append(ys[j])
            j += 1
    return merged + xs[i:] + ys[j:]


def parted(xs: Numbers, pivot: int) -> list[int]:
    """Put the elements below the pivot first, then the others, each group in its old order.

    >>> parted([5, 1, 7, 2], 5)
    [1, 2, 5, 7]
    >>> parted([3, 1], 0)
    [3, 1]
    """
    low, high = [], []
    for x in xs:
        if x < pivot:
            low.append(x)
        else:
            high.append(x)
    return low + high


def spread(xs: Some) -> int:
    """Give the difference of the largest and the smallest element.

    >>> spread([4, 9, 1])
    8
    >>> spread([7])
    0
    """
    low = high = xs[0]
    for x in xs[1:]:
        if x < low:
            low = x
        elif x > high:
            high = x
    return high - low
