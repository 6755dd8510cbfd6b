"""No photo may both make a model and judge it: photos are told apart by the SHA-256 of their files."""

from collections.abc import Mapping

from edgekit.errors import UsageError


def check_disjoint(calibration: Mapping[str, str], others: Mapping[str, str], purpose: str) -> None:
    """Raise UsageError where a photo of `others` is one of the `calibration`'s; both are SHA-256 by name.

    `purpose` says what the others are for, such as "to verify".
    """
    names = {sha256: name for name, sha256 in calibration.items()}
    shared = [(name, names[sha256]) for name, sha256 in others.items() if sha256 in names]
    if not shared:
        return
    name, twin = shared[0]
    of = "" if len(shared) == 1 else f", and {len(shared) - 1} more"
    raise UsageError(
        f"{name} is to be used {purpose}, and the model was calibrated on it (as {twin}){of}",
        "A model looks better on the photos that it was made with: use others.",
    )
