"""How a worker says that it cannot do what it was asked."""


class Refusal(Exception):
    """The input cannot be handled, and the worker knows why.

    `message` is one sentence that names the thing; `remedy` says the way out. `kind` is "input" (the user's file
    or flag is at fault), "absent" (a device that it needs is not here), "operators" (the target lacks some of the
    program's) or "conversion" (the toolchain cannot do it).
    """

    def __init__(self, message: str, remedy: str = "", kind: str = "conversion") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.kind = kind
