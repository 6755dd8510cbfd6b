"""Whether an artifact is still the one that was judged: only then is its verdict written into it."""

from msgspec.structs import replace

from edgekit.artifact.load import Artifact, identities_of, read_manifest
from edgekit.artifact.manifest import Manifest
from edgekit.errors import SupersededError, UsageError


def check_judged(judged: Artifact) -> None:
    """Raise SupersededError unless manifest and files are still those that were read; the caller holds the lock.

    Verdicts that another verification has written meanwhile are of the same files, and do not matter.
    """
    try:
        manifest = read_manifest(judged.folder)
    except UsageError:
        raise superseded(judged) from None
    if unverified(manifest) != unverified(judged.manifest):
        raise superseded(judged)
    if judged.identities and identities_of(judged.folder, manifest) != judged.identities:
        raise superseded(judged)


def changed_since(judged: Artifact) -> SupersededError | None:
    """What `check_judged` raises, or None."""
    try:
        check_judged(judged)
    except SupersededError as error:
        return error
    return None


def unverified(manifest: Manifest) -> Manifest:
    """What a manifest says of its artifact, without what verification adds."""
    return replace(manifest, verdicts=(), golden={}, ranges={}, samples=None)


def superseded(judged: Artifact) -> SupersededError:
    """The error of a verdict on what is no longer there."""
    return SupersededError(
        f"{judged.folder} was changed while it was verified, and its verdict is discarded",
        f"Run `edgekit verify {judged.folder}` again.",
    )
