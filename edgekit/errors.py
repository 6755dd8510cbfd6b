"""Every failure a user can meet: one sentence that names the thing, and the way out.

The command line prints `message` and `remedy` and ends with `exit_status`; nothing else reaches the terminal. Both
often quote what strangers have written, so each is made fit for a terminal here, once for all.
"""

from edgekit.untrusted.wording import harmless


class EdgekitError(Exception):
    """Base of all errors meant for the user. Subclasses fix the exit status."""

    exit_status = 4

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = harmless(message)
        self.remedy = harmless(remedy)

    def __str__(self) -> str:
        if not self.remedy:
            return self.message
        return f"{self.message}. {self.remedy if self.remedy.endswith(('?', '!')) else self.remedy.rstrip('.') + '.'}"


class UsageError(EdgekitError):
    """The command, a name or an input file is wrong (exit status 2)."""

    exit_status = 2


class AbsentError(EdgekitError):
    """Something needed is not here: weights, network, toolchain, device, GPU (exit status 3)."""

    exit_status = 3


class ConversionError(EdgekitError):
    """A stage failed: the toolchain refused, crashed, hung or ran out of memory or disk (exit status 4)."""

    exit_status = 4


class WorkerError(ConversionError):
    """A worker crashed, hung or answered nonsense, and did not itself say that it cannot (exit status 4)."""


class DiskFullError(ConversionError):
    """There was no room for what was to be written; another way to it has none either (exit status 4)."""


class OperatorError(ConversionError):
    """A target lacks operators of the program (exit status 4)."""


class SupersededError(EdgekitError):
    """What was judged has been replaced meanwhile, so that the verdict is on nothing that is there (exit status 4)."""

    exit_status = 4


class UnprovedError(EdgekitError):
    """What was made does not compute what it must, and is not handed out (exit status 1)."""

    exit_status = 1
