"""Functions on words and sentences."""

from manyminds.worlds.texts.bank.kinds import Sentence, Whole, Word


def is_mirrored(text: Sentence) -> bool:
    """Tell whether the letters read the same from both ends, case and all else aside.

    >>> is_mirrored("Able, elba")
    True
    >>> is_mirrored("ab")
    False
    """
    kept = [c.lower() for c in text if c.isalpha()]
    return kept == kept[::-1]


def shifted(word: Word, k: Whole) -> str:
    """Replace each small letter by the one k further in the alphabet, after z comes a.

    >>> shifted("abz", 1)
    'bca'
    >>> shifted("c", 26)
    'c'
    """
    found = ""
    for c in word:
        found += chr((ord(c) - ord("a") + k) % 26 + ord("a"))
    return found


def run_lengths(word: Word) -> str:
    """Write each run of equal letters as the letter and its length.

    >>> run_lengths("aab")
    'a2b1'
    >>> run_lengths("")
    ''
    """
    found, i = "", 0
    while i < len(word):
        j = i
        while j < len(word) and word[j] == word[i]:
            j += 1
        found += f"{word[i]}{j - i}"
        i = j
    return found


def longest_word(text: Sentence) -> str:
    """Give the first of the longest words, parted by blanks; '' if there is none.

    >>> longest_word("a tale ends")
    'tale'
    >>> longest_word(" ")
    ''
    """
    best = ""
    for word in text.split():
        if len(word) > len(best):
            best = word
    return best


def count_vowels(text: Sentence) -> int:
    """Count a, e, i, o and u in either case.

    >>> count_vowels("An idea")
    4
    >>> count_vowels("str")
    0
    """
    count = 0
    for c in text:
        if c in "aeiouAEIOU":
            count += 1
    return count


def titled(text: Sentence) -> str:
    """Make the first letter of each word upper case and the others lower case; words stand one blank apart.

    >>> titled("one  tWO")
    'One Two'
    >>> titled("a")
    'A'
    """
    words = []
    for word in text.split():
        words.append(word[0].upper() + word[1:].lower())
    return " ".join(words)


def common_start(a: Word, b: Word) -> str:
    """Give the longest beginning that both words share.

    >>> common_start("abcd", "abde")
    'ab'
    >>> common_start("a", "b")
    ''
    """
    i = 0
    while i < len(a) and i < len(b) and a[i] == b[i]:
        i += 1
    return a[:i]


def are_anagrams(a: Word, b: Word) -> bool:
    """Tell whether both words use the same letters equally often.

    >>> are_anagrams("aab", "aba")
    True
    >>> are_anagrams("aab", "abb")
    False
    """
    if len(a) != len(b):
        return False
    left = list(b)
    for c in a:
        if c not in left:
            return False
        left.remove(c)
    return True


def without_pairs(word: Word) -> str:
    """Take out two equal neighbours, again and again, until there are none.

    >>> without_pairs("abbac")
    'c'
    >>> without_pairs("aaa")
    'a'
    """
    kept: list[str] = []
    for c in word:
        if kept and kept[-1] == c:
            kept.pop()
        else:
            kept.append(c)
    return "".join(kept)


def words_backwards(text: Sentence) -> str:
    """Give the words in reverse order, one blank apart.

    >>> words_backwards("one two  three")
    'three two one'
    >>> words_backwards("")
    ''
    """
    found = ""
    for word in text.split():
        found = word + (" " if found else "") + found
    return found


def most_common(word: Word) -> str:
    """Give the letter that stands most often, the one earlier in the alphabet of those equal; '' for ''.

    >>> most_common("cabca")
    'a'
    >>> most_common("bba")
    'b'
    """
    best, most = "", 0
    for c in sorted(set(word)):
        if word.count(c) > most:
            best, most = c, word.count(c)
    return best


def differing_places(a: Word, b: Word) -> int:
    """Count the places at which two words differ; where one has ended every letter of the other counts.

    >>> differing_places("abc", "abd")
    1
    >>> differing_places("ab", "abab")
    2
    """
    count = abs(len(a) - len(b))
    for x, y in zip(a, b):
        if x != y:
            count += 1
    return count


def is_rotation(a: Word, b: Word) -> bool:
    """Tell whether b is a with some letters moved from its start to its end.

    >>> is_rotation("abc", "cab")
    True
    >>> is_rotation("abc", "acb")
    False
    """
    if len(a) != len(b):
        return False
    return b in a + a


def initials(text: Sentence) -> str:
    """Give the first letters of the words in upper case.

    >>> initials("read the docs")
    'RTD'
    >>> initials("")
    ''
    """
    found = ""
    for word in text.split():
        found += word[0].upper()
    return found


def every_other(word: Word, k: Whole) -> str:
    """Give every second letter, beginning with index k; '' if the word is too short.

    >>> every_other("abcde", 0)
    'ace'
    >>> every_other("abcde", 3)
    'd'
    """
    found, i = "", k
    while i < len(word):
        found += word[i]
        i += 2
    return found


def count_inside(word: Word, part: Word) -> int:
    """Count the places at which the part begins within the word, overlaps included; 0 for an empty part.

    >>> count_inside("aaab", "aa")
    2
    >>> count_inside("ab", "abc")
    0
    """
    if not part:
        return 0
    count = 0
    for i in range(len(word) - len(part) + 1):
        if word[i : i + len(part)] == part:
            count += 1
    return count
