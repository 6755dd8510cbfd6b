"""What goes wrong with a request, as both protocols say it."""

from typing import NamedTuple


class Kind(NamedTuple):
    """An HTTP status, and the name of a gRPC code."""

    status: int
    code: str


WRONG = Kind(400, "INVALID_ARGUMENT")
UNKNOWN = Kind(404, "NOT_FOUND")
SLOW = Kind(408, "DEADLINE_EXCEEDED")
LARGE = Kind(413, "RESOURCE_EXHAUSTED")
ENCODED = Kind(415, "INVALID_ARGUMENT")
BUSY = Kind(429, "RESOURCE_EXHAUSTED")
FAILED = Kind(500, "INTERNAL")
AWAY = Kind(503, "UNAVAILABLE")


class Problem(Exception):
    """A request that is not answered: one sentence that names the reason, and its kind."""

    def __init__(self, message: str, kind: Kind = WRONG) -> None:
        super().__init__(message)
        self.message, self.kind = message, kind
