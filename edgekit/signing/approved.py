"""An artifact that is read only once its signature holds, where one is asked for."""

from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.artifact.load import Artifact, load_artifact
from edgekit.signing.signature import Signed, check_signature

if TYPE_CHECKING:
    from minisign import PublicKey


def approved_artifact(folder: Path, key: "PublicKey | None", signatures: dict[Path, Signed]) -> Artifact:
    """The artifact in `folder`, signed with `key` where there is one; then `signatures` gets what was found.

    Raises what `load_artifact` and `check_signature` raise.
    """
    if key is None:
        return load_artifact(folder)

    def approve(manifest: bytes) -> None:
        signatures[folder] = check_signature(manifest, folder, key)

    return load_artifact(folder, approve=approve)
