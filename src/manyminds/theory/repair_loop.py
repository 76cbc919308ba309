"""The generate, test and repair loop in closed form, for attempts that are independent of each other.

A program is right with probability `right`. A suite has `asserts` assertions. Each was derived from the program itself
with probability `biased`, and then passes; otherwise it is valid with probability `valid` (an invalid one fails
everything), and a valid one exposes a wrong program with probability `exposing`; where wrong programs differ in that,
`slipping` is their mean chance to be accepted. Each attempt draws a program and a
suite anew; the last program is returned where none was accepted (arXiv 2312.13010, section 3; the closed form is ours).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class RepairLoop:
    right: float
    asserts: int
    valid: float = 1.0
    exposing: float = 0.5
    biased: float = 0.0
    slipping: float | None = None

    @property
    def accepts_right(self) -> float:
        return (self.biased + (1 - self.biased) * self.valid) ** self.asserts

    @property
    def accepts_wrong(self) -> float:
        if self.slipping is not None:
            return self.slipping
        return (self.biased + (1 - self.biased) * self.valid * (1 - self.exposing)) ** self.asserts

    @property
    def rejects(self) -> float:
        """The probability that an attempt is not accepted."""
        return 1 - self.right * self.accepts_right - (1 - self.right) * self.accepts_wrong

    @property
    def false_accept(self) -> float:
        """P(wrong | accepted)."""
        accepted = 1 - self.rejects
        return (1 - self.right) * self.accepts_wrong / accepted if accepted else 0.0

    @property
    def false_reject(self) -> float:
        """P(rejected | right)."""
        return 1 - self.accepts_right

    def solved(self, attempts: int) -> float:
        """The probability that the program returned after at most `attempts` attempts is right."""
        p, a, f = self.right, self.accepts_right, self.rejects
        tried = attempts if f == 1 else (1 - f**attempts) / (1 - f)
        return p * a * tried + f ** (attempts - 1) * p * (1 - a)

    def solved_with_kept_suite(self, attempts: int) -> float:
        """The same where one suite, drawn without bias, judges all attempts, and a valid assertion exposes all wrong
        programs or none: with an invalid one in it nothing is ever accepted, and a suite that exposes nothing accepts
        whatever comes first."""
        sound = self.valid**self.asserts
        blind = (1 - self.exposing) ** self.asserts
        found = 1 - (1 - self.right) ** attempts
        return sound * ((1 - blind) * found + blind * self.right) + (1 - sound) * self.right


def draws_with_replacement(wrong: int) -> float:
    """Expected draws until the one right program among `wrong` + 1 comes, if nothing is remembered."""
    return wrong + 1.0


def draws_without_replacement(wrong: int) -> float:
    """The same where what has failed is not drawn again."""
    return (wrong + 2) / 2


def pass_at(k: int, samples: int, right: int) -> float:
    """pass@k of `samples` programs of which `right` are right: 1 - C(n-c, k) / C(n, k), as a product that cannot
    overflow (arXiv 2107.03374, equation 1)."""
    if not 0 <= right <= samples or not 1 <= k <= samples:
        raise ValueError(f"pass@{k} of {right} right among {samples} programs is not defined")
    missing = 1.0
    for n in range(samples - right + 1, samples + 1):
        missing *= max(0.0, 1 - k / n)
    return 1 - missing
