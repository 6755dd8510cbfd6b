"""Verdicts that no layer is to blame for: what they mean, and what to do."""

from edgekit.parity.verdict import Verdict

INCONCLUSIVE = "is inconclusive"
UNUSABLE = ("has an unusable reference", "the reference is unusable")
"""How `edgekit.parity.judge` words that the samples tell nothing, and that there is nothing to judge by."""


def tells_nothing(verdict: Verdict) -> bool:
    """Whether a verdict failed because nothing could be judged, not because something is wrong."""
    reasons = verdict.reason.split("; output ")
    return verdict.status == "failed" and all(
        any(phrase in reason for phrase in (INCONCLUSIVE, *UNUSABLE)) for reason in reasons
    )


def undecided_words(reason: str) -> str:
    """What such a verdict means for a diagnosis."""
    if INCONCLUSIVE not in reason:
        return (
            f"No layer is to blame: no step could be judged, because {reason}. What Paddle itself computes must be "
            f"mended first."
        )
    return (
        f"No layer is to blame: on these samples no step can be told from a wrong one, because {reason}. Samples on "
        f"which the model's answers differ would decide it."
    )


def beyond_format_words(reason: str) -> str:
    """What it means that an FP16 artifact is right here and has values inside that FP16 cannot hold."""
    return (
        f"Every step computes what the program does here, where FP16 artifacts keep FP32 inside; but {reason}. Convert "
        f"it in FP32, or scale that layer down in the model."
    )


def same_as_fresh_words(title: str, differences: str) -> str:
    """What it means that an inspection fails on files that a fresh conversion makes too."""
    return (
        f"{title} is just what a fresh conversion makes, so nothing has changed since: {differences}. Either the "
        f"converter makes two different models of one program, or the comparison does not know that these two are the "
        f"same; only a run on a device can tell, and there is none here."
    )


def unaccounted_words(reason: str, fresh: bool | None) -> str:
    """What it means that every step computes the right thing, and stored parameters come from nowhere.

    `fresh` says whether the files are what a fresh conversion makes; None where that is not known.
    """
    said = f"No step parts by more than rounding does, but {reason}."
    if fresh is None:
        return said
    return said + (
        " A fresh conversion makes the same files: the converter does it."
        if fresh
        else " A fresh conversion makes other files: this one has been changed since, and is to be converted again."
    )
