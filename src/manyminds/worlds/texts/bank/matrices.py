"""Functions on lists of rows of one length."""

from manyminds.worlds.texts.bank.kinds import Grid, Matrix, Square


def transposed(rows: Matrix) -> list[list[int]]:
    """Make columns of rows.

    >>> transposed([[1, 2], [3, 4], [5, 6]])
    [[1, 3, 5], [2, 4, 6]]
    >>> transposed([])
    []
    """
    if not rows:
        return []
    return [[row[j] for row in rows] for j in range(len(rows[0]))]


def row_sums(rows: Matrix) -> list[int]:
    """Give the sum of every row.

    >>> row_sums([[1, 2], [3, 4]])
    [3, 7]
    >>> row_sums([[5]])
    [5]
    """
    found = []
    for row in rows:
        total = 0
        for x in row:
            total += x
        found.append(total)
    return found


def diagonals(rows: Square) -> int:
    """Add both diagonals of a square; the middle of an odd one counts once.

    >>> diagonals([[1, 2], [3, 4]])
    10
    >>> diagonals([[7]])
    7
    """
    total, n = 0, len(rows)
    for i in range(n):
        total += rows[i][i]
        if i != n - 1 - i:
            total += rows[i][n - 1 - i]
    return total


def quarter_turn(rows: Matrix) -> list[list[int]]:
    """Turn by a quarter to the right.

    >>> quarter_turn([[1, 2], [3, 4]])
    [[3, 1], [4, 2]]
    >>> quarter_turn([[1, 2]])
    [[1], [2]]
    """
    if not rows:
        return []
    return [[row[j] for row in rows[::-1]] for j in range(len(rows[0]))]


def spiral(rows: Matrix) -> list[int]:
    """List all elements along a spiral to the right from the upper left.

    >>> spiral([[1, 2], [3, 4]])
    [1, 2, 4, 3]
    >>> spiral([[1, 2, 3]])
    [1, 2, 3]
    """
    found: list[int] = []
    left = [list(row) for row in rows]
    while left:
        found += left.pop(0)
        left = [list(column) for column in zip(*left)][::-1]
    return found


def is_symmetric(rows: Square) -> bool:
    """Tell whether rows and columns can be exchanged.

    >>> is_symmetric([[1, 2], [2, 3]])
    True
    >>> is_symmetric([[1, 2], [3, 1]])
    False
    """
    for i in range(len(rows)):
        for j in range(i):
            if rows[i][j] != rows[j][i]:
                return False
    return True


def heaviest_row(rows: Matrix) -> int:
    """Give the index of the row with the largest sum, the first of those equal; -1 if there is none.

    >>> heaviest_row([[1, 2], [4, 0], [2, 2]])
    1
    >>> heaviest_row([])
    -1
    """
    best = -1
    for i, row in enumerate(rows):
        if best == -1 or sum(row) > sum(rows[best]):
            best = i
    return best


def squared(rows: Square) -> list[list[int]]:
    """Multiply a square matrix by itself.

    >>> squared([[1, 2], [0, 1]])
    [[1, 4], [0, 1]]
    >>> squared([[3]])
    [[9]]
    """
    n = len(rows)
    found = [[0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            for k in range(n):
                found[i][j] += rows[i][k] * rows[k][j]
    return found


def border_sum(rows: Matrix) -> int:
    """Add the elements in the first or last row or column, each once.

    >>> border_sum([[1, 1, 1], [1, 9, 1], [1, 1, 1]])
    8
    >>> border_sum([[2, 3]])
    5
    """
    total = 0
    for i, row in enumerate(rows):
        for j, x in enumerate(row):
            if i == 0 or j == 0 or i == len(rows) - 1 or j == len(row) - 1:
                total += x
    return total


def islands(rows: Grid) -> int:
    """Count the groups of ones that hang together across sides.

    >>> islands([[1, 0], [0, 1]])
    2
    >>> islands([[1, 1], [0, 1]])
    1
    """
    left = {(i, j) for i, row in enumerate(rows) for j, x in enumerate(row) if x == 1}
    count = 0
    while left:
        count += 1
        waiting = [left.pop()]
        while waiting:
            i, j = waiting.pop()
            for cell in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
                if cell in left:
                    left.remove(cell)
                    waiting.append(cell)
    return count


def column_maxima(rows: Matrix) -> list[int]:
    """Give the largest element of every column.

    >>> column_maxima([[1, 5], [3, 2]])
    [3, 5]
    >>> column_maxima([])
    []
    """
    found = list(rows[0]) if rows else []
    for row in rows:
        for j, x in enumerate(row):
            found[j] = max(found[j], x)
    return found


def saddles(rows: Matrix) -> int:
    """Count the elements that are the smallest of their row and the largest of their column, ties allowed.

    >>> saddles([[3, 1], [4, 2]])
    1
    >>> saddles([[1, 1]])
    2
    """
    count = 0
    for row in rows:
        for j, x in enumerate(row):
            if x == min(row) and x == max(other[j] for other in rows):
                count += 1
    return count


def is_unit(rows: Square) -> bool:
    """Tell whether a square has ones on its main diagonal and zeros elsewhere.

    >>> is_unit([[1, 0], [0, 1]])
    True
    >>> is_unit([[1, 1], [0, 1]])
    False
    """
    for i, row in enumerate(rows):
        for j, x in enumerate(row):
            if x != (1 if i == j else 0):
                return False
    return True


def neighbour_counts(rows: Grid) -> list[list[int]]:
    """Give for each cell how many of the up to eight cells around it are 1.

    >>> neighbour_counts([[1, 0], [0, 1]])
    [[1, 2], [2, 1]]
    >>> neighbour_counts([[1]])
    [[0]]
    """
    found = []
    for i, row in enumerate(rows):
        counts = []
        for j in range(len(row)):
            around = 0
            for a in range(max(0, i - 1), min(len(rows), i + 2)):
                for b in range(max(0, j - 1), min(len(row), j + 2)):
                    if (a, b) != (i, j):
                        around += rows[a][b]
            counts.append(around)
        found.append(counts)
    return found


def same_diagonals(rows: Matrix) -> bool:
    """Tell whether each element equals the one to its lower right, wherever there is one.

    >>> same_diagonals([[1, 2], [3, 1]])
    True
    >>> same_diagonals([[1, 2], [3, 4]])
    False
    """
    for i in range(1, len(rows)):
        for j in range(1, len(rows[i])):
            if rows[i][j] != rows[i - 1][j - 1]:
                return False
    return True


def zigzag(rows: Matrix) -> list[int]:
    """List the rows one after the other, every second one backwards.

    >>> zigzag([[1, 2], [3, 4], [5, 6]])
    [1, 2, 4, 3, 5, 6]
    >>> zigzag([])
    []
    """
    found = []
    for i, row in enumerate(rows):
        found += row if i % 2 == 0 else row[::-1]
    return found
