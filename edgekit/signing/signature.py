"""Signs an artifact's manifest, and says of a signature that does not hold what is wrong with it."""

import base64
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from edgekit.artifact.load import Artifact, read_manifest
from edgekit.artifact.manifest import FILE, SIGNATURE, Manifest
from edgekit.artifact.write import locked
from edgekit.errors import UsageError
from edgekit.filesystem.writing import full_disk_reported
from edgekit.signing.keys import key_number, number_of
from edgekit.untrusted.files import read_bytes

if TYPE_CHECKING:
    from minisign import PublicKey, SecretKey, Signature

# The comment alone may have 8192 bytes.
LARGEST_BYTES = 16384
UNTRUSTED_COMMENT = "signature of an artifact's manifest, made by edgekit"


@dataclass(frozen=True)
class Signed:
    """A signature that holds: the `key`'s number, and the `comment` that it covers."""

    key: str
    comment: str


def sign_artifact(
    artifact: Artifact, key: "SecretKey", comment: str = "", untrusted: str = UNTRUSTED_COMMENT
) -> Signed:
    """Write the signature of an artifact's manifest beside it; `comment` is covered by it, `untrusted` is not.

    The signature says which artifact it is of, so that one that was put beside another is known for it. Raises
    UsageError for a failed artifact, for one that has been changed since it was loaded, and for a comment that minisign
    does not take.
    """
    import minisign

    check_signable(artifact)
    words = f"timestamp:{int(time.time())}\tfile:{FILE}\thashed\t{identity(artifact.manifest)}"
    trusted = f"{words}\t{comment}" if comment else words
    with locked(artifact.folder):
        content: list[bytes] = []
        if read_manifest(artifact.folder, content.append) != artifact.manifest:
            raise UsageError(f"{artifact.folder} was changed while it was being signed", "Sign it again.")
        try:
            made = key.sign(content[0], trusted_comment=trusted, untrusted_comment=untrusted)
        except minisign.Error as error:
            raise UsageError(f"the comment cannot be signed: {error}", "Keep to one line of ASCII.") from None
        write_signature(artifact.folder, bytes(made) + b"\n")
    return Signed(number_in(made), trusted)


def check_signable(artifact: Artifact) -> None:
    """Raise UsageError for an artifact that has failed its verification."""
    if any(found.verdict.status == "failed" for found in artifact.manifest.verdicts):
        raise UsageError(f"{artifact.folder} has failed its verification and is not signed", "Mend it first.")


def write_signature(folder: Path, content: bytes) -> None:
    """Write a signature beside and rename it."""
    partial = folder / f".{SIGNATURE}.partial"
    with full_disk_reported(folder):
        try:
            partial.write_bytes(content)
            partial.replace(folder / SIGNATURE)
        finally:
            partial.unlink(missing_ok=True)


def check_signature(manifest: bytes, folder: Path, key: "PublicKey") -> Signed:
    """The signature of the manifest in `folder`, whose bytes are `manifest`, by `key`.

    Raises UsageError where there is none, it is of another key, or the manifest is not what was signed.
    """
    import minisign

    path = folder / SIGNATURE
    if not path.exists():
        raise UsageError(f"{folder} is not signed", f"Sign it where it was built: edgekit sign {folder} --key KEY.")
    try:
        signature = minisign.Signature.from_bytes(read_bytes(path, LARGEST_BYTES, "signature"))
    except minisign.Error as error:
        raise UsageError(f"{path} is not a signature ({error})", "Sign the artifact again.") from None
    if number_in(signature) != key_number(key):
        raise UsageError(
            f"{folder} is signed with the key {number_in(signature)}, not with {key_number(key)}",
            "Give the public key of who signed it, if you trust them.",
        )
    try:
        key.verify(manifest, signature)
    except minisign.Error:
        raise UsageError(f"{folder}: {what_is_wrong(manifest, signature, key)}", "Do not use it.") from None
    if not signature.trusted_comment.replace("\t", " ").isprintable():
        raise UsageError(f"{path} has a comment that is no line of text", "Sign the artifact again.")
    return Signed(number_in(signature), signature.trusted_comment)


def what_is_wrong(manifest: bytes, signature: "Signature", key: "PublicKey") -> str:
    """Why a signature with the right key's number does not hold, as far as its comment proves it."""
    if not comment_holds(signature, key):
        return f"its signature was not made with the key {key_number(key)}, or has been changed"
    present = identity_in(manifest)
    signed_of = [word for word in signature.trusted_comment.split("\t") if word.startswith("artifact:")]
    if signed_of and present and signed_of != [present]:
        name = signed_of[0].removeprefix("artifact:")
        return f"its signature is that of another artifact, {name}"
    return f"its {FILE} has been changed since it was signed"


def comment_holds(signature: "Signature", key: "PublicKey") -> bool:
    """Whether the signature's comment was signed with `key`, whatever became of the signed file.

    As minisign has it: the last line signs the signature's 64 bytes and the comment after them.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    lines = bytes(signature).split(b"\n")
    message = base64.b64decode(lines[1])[10:] + signature.trusted_comment.encode()
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(key.to_base64())[10:]).verify(
            base64.b64decode(lines[3]), message
        )
    except InvalidSignature:
        return False
    return True


def number_in(signature: "Signature") -> str:
    """The number of the key that a signature says it was made with."""
    return number_of(base64.b64decode(bytes(signature).split(b"\n")[1])[2:10])


def identity(manifest: Manifest) -> str:
    """Which artifact a manifest is of, in one word of ASCII."""
    embedded = "-embedded" if manifest.embedded_preprocessing else ""
    return f"artifact:{quote(manifest.model.name, safe='')}/{manifest.target}-{manifest.precision}{embedded}"


def identity_in(content: bytes) -> str | None:
    """The same of a manifest's bytes; None where they are no manifest."""
    from edgekit.untrusted.json_document import decode_json
    from edgekit.untrusted.values import Unusable

    try:
        return identity(decode_json(content, Manifest))
    except Unusable:
        return None
