"""What a signature covers, and what is said of one that does not hold."""

import shutil
from pathlib import Path

import minisign
import pytest
from msgspec.structs import replace

from edgekit.artifact.load import is_signed, load_artifact, read_manifest
from edgekit.artifact.manifest import FILE, SIGNATURE, VariantVerdict
from edgekit.artifact.write import update_manifest
from edgekit.errors import UsageError
from edgekit.parity import Verdict
from edgekit.signing.keys import key_number, new_pair, public_key, secret_key
from edgekit.signing.signature import Signed, check_signature, sign_artifact
from tests.signing.conftest import MakeArtifact

Pair = tuple[Path, Path]


def sign(folder: Path, pair: Pair, comment: str = "", **more: str) -> Signed:
    return sign_artifact(load_artifact(folder), secret_key(pair[0], str), comment, **more)


def check(folder: Path, pair: Pair) -> Signed:
    return check_signature((folder / FILE).read_bytes(), folder, public_key(str(pair[1])))


def test_a_signature_holds_and_says_whose_it_is(artifact: Path, pair: Pair) -> None:
    assert not is_signed(artifact)
    made = sign(artifact, pair, "line 3, shift 2")
    assert is_signed(artifact)
    assert check(artifact, pair) == made
    assert made.key == key_number(public_key(str(pair[1])))
    words = made.comment.split("\t")
    assert words[0].startswith("timestamp:1")
    assert words[1:] == ["file:manifest.json", "hashed", "artifact:M/onnx-fp32", "line 3, shift 2"]


def test_the_untrusted_comment_is_the_first_line(artifact: Path, pair: Pair) -> None:
    sign(artifact, pair, untrusted="call the builder")
    assert (artifact / SIGNATURE).read_text().splitlines()[0] == "untrusted comment: call the builder"
    # Nothing covers it.
    path = artifact / SIGNATURE
    path.write_text(path.read_text().replace("call the builder", "call the thief"))
    check(artifact, pair)


def test_no_signature(artifact: Path, pair: Pair) -> None:
    with pytest.raises(UsageError, match=r"onnx is not signed\. Sign it where it was built"):
        check(artifact, pair)


def test_another_key(artifact: Path, pair: Pair, tmp_path: Path) -> None:
    made = sign(artifact, pair)
    other = new_pair(tmp_path / "thief", None)
    with pytest.raises(UsageError, match=f"is signed with the key {made.key}, not with "):
        check(artifact, other)


def test_another_key_that_calls_itself_the_same(artifact: Path, pair: Pair, tmp_path: Path) -> None:
    """A thief may give a key of their own the builder's number."""
    import base64

    other = new_pair(tmp_path / "thief", None)
    sign(artifact, other)
    builder = base64.b64decode(pair[1].read_text().splitlines()[1])
    path = artifact / SIGNATURE
    lines = path.read_text().splitlines()
    forged = base64.b64decode(lines[1])
    lines[1] = base64.b64encode(forged[:2] + builder[2:10] + forged[10:]).decode()
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(UsageError, match=r"its signature was not made with the key .*, or has been changed"):
        check(artifact, pair)


def test_a_changed_manifest(artifact: Path, pair: Pair) -> None:
    sign(artifact, pair)
    manifest = read_manifest(artifact)
    update_manifest(artifact, replace(manifest, edgekit="0.1.1"))
    with pytest.raises(UsageError, match=r"its manifest\.json has been changed since it was signed"):
        check(artifact, pair)


def test_a_manifest_that_is_no_manifest_any_more(artifact: Path, pair: Pair) -> None:
    sign(artifact, pair)
    (artifact / FILE).write_bytes(b"\xff" * 100)
    with pytest.raises(UsageError, match=r"its manifest\.json has been changed since it was signed"):
        check(artifact, pair)


def test_a_changed_file(artifact: Path, pair: Pair) -> None:
    """The manifest holds every file's hash: what is not what it says is never loaded."""
    sign(artifact, pair)
    path = artifact / "M.onnx"
    path.write_bytes(b"W" + path.read_bytes()[1:])
    check(artifact, pair)
    with pytest.raises(UsageError, match=r"M\.onnx has been changed: its SHA-256 is"):
        load_artifact(artifact, approve=lambda _: None)


@pytest.mark.parametrize(("model", "target", "named"), [("N", "onnx", "M/onnx"), ("M", "ncnn", "M/onnx")])
def test_the_signature_of_another_artifact(
    artifact: Path, make_artifact: MakeArtifact, pair: Pair, model: str, target: str, named: str
) -> None:
    sign(artifact, pair)
    other = make_artifact(model, target)
    shutil.copy(artifact / SIGNATURE, other / SIGNATURE)
    with pytest.raises(UsageError, match=f"its signature is that of another artifact, {named}-fp32"):
        check(other, pair)


def test_a_name_of_any_letters_is_told_in_ascii(make_artifact: MakeArtifact, pair: Pair) -> None:
    made = sign(make_artifact("花 1"), pair)
    assert made.comment.split("\t")[3] == "artifact:%E8%8A%B1%201/onnx-fp32"


@pytest.mark.parametrize("change", ["comment", "signature", "last line"])
def test_a_changed_signature(artifact: Path, pair: Pair, change: str) -> None:
    sign(artifact, pair, "for line 3")
    path = artifact / SIGNATURE
    lines = path.read_text().splitlines()
    number = {"signature": 1, "comment": 2, "last line": 3}[change]
    lines[number] = lines[number].replace("3", "4") if change == "comment" else flipped(lines[number])
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(UsageError, match="or has been changed"):
        check(artifact, pair)


def flipped(line: str) -> str:
    """A line of base64 with one letter in its midst exchanged."""
    middle = len(line) // 2
    return line[:middle] + ("A" if line[middle] != "A" else "B") + line[middle + 1 :]


@pytest.mark.parametrize("content", [b"", b"\n\n\n\n", b"\xff" * 300, b"untrusted comment: x\n" * 4])
def test_what_is_no_signature(artifact: Path, pair: Pair, content: bytes) -> None:
    (artifact / SIGNATURE).write_bytes(content)
    with pytest.raises(UsageError, match="is not a signature"):
        check(artifact, pair)


def test_a_large_signature_is_not_read(artifact: Path, pair: Pair) -> None:
    (artifact / SIGNATURE).write_bytes(b"x" * 20000)
    with pytest.raises(UsageError, match="is too large for a signature"):
        check(artifact, pair)


def test_a_comment_that_paints_the_terminal_is_not_shown(artifact: Path, pair: Pair) -> None:
    """minisign signs such a comment, and somebody who has the key may have done it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key, evil = secret_key(pair[0], str), "\x1b[2Jpassed"
    made = key.sign((artifact / FILE).read_bytes())
    lines = bytes(made).split(b"\n")
    import base64

    private = Ed25519PrivateKey.from_private_bytes(bytes(key._keynum_sk.secret_key))
    covered = private.sign(base64.b64decode(lines[1])[10:] + evil.encode())
    lines[2:] = [f"trusted comment: {evil}".encode(), base64.b64encode(covered)]
    (artifact / SIGNATURE).write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(UsageError, match="has a comment that is no line of text"):
        check(artifact, pair)


@pytest.mark.parametrize("comment", ["two\nlines", "\x1b[31m", "花", "x" * 9000])
def test_a_comment_that_minisign_does_not_take(artifact: Path, pair: Pair, comment: str) -> None:
    with pytest.raises(UsageError, match="the comment cannot be signed"):
        sign(artifact, pair, comment)
    assert not is_signed(artifact)


def test_what_has_failed_is_not_signed(make_artifact: MakeArtifact, pair: Pair) -> None:
    failed = VariantVerdict("", Verdict("failed", "Paddle FP32", "fp32", "it is wrong"))
    with pytest.raises(UsageError, match="has failed its verification and is not signed"):
        sign(make_artifact(verdicts=(failed,)), pair)


def test_what_changed_after_it_was_checked_is_not_signed(artifact: Path, pair: Pair) -> None:
    loaded = load_artifact(artifact)
    update_manifest(artifact, replace(loaded.manifest, edgekit="0.1.1"))
    with pytest.raises(UsageError, match="was changed while it was being signed"):
        sign_artifact(loaded, secret_key(pair[0], str))
    assert not is_signed(artifact)


def test_a_legacy_signature_holds_too(artifact: Path, pair: Pair) -> None:
    """Those of minisign before 0.8 sign the file itself, not its hash."""
    key = secret_key(pair[0], str)
    made = key.sign((artifact / FILE).read_bytes(), prehash=False, trusted_comment="old")
    (artifact / SIGNATURE).write_bytes(bytes(made) + b"\n")
    assert check(artifact, pair).comment == "old"
    assert isinstance(made, minisign.Signature)
