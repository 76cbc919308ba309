"""What can go wrong on the way to a model and may go right the next time."""

from typing import Literal

Kind = Literal["429", "5xx", "timeout", "cut connection", "malformed reply"]


class Fault(Exception):
    """A transient failure of one call; the door tries again, counts it by `kind`, and gives up after a bound."""

    def __init__(self, kind: Kind, detail: str, retry_after: float | None = None) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind: Kind = kind
        self.retry_after = retry_after  # seconds, where the server said so
