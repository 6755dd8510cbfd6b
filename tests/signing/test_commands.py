"""`edgekit sign` and `--require-signed`, by the command line; with the tool minisign itself."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.artifact.load import read_manifest
from edgekit.artifact.manifest import FILE, SIGNATURE
from edgekit.cli.app import run
from edgekit.signing import keys
from tests.matrix.conftest import FakeProject
from tests.signing.conftest import MakeArtifact

Pair = tuple[Path, Path]


def edgekit(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Status, what went to stdout, what went to stderr with its lines joined."""
    capsys.readouterr()
    status = run([str(one) for one in arguments])
    out, err = capsys.readouterr()
    return status, out, " ".join(err.split())


def test_from_a_key_to_a_checked_artifact(artifact: Path, tmp_path: Path, capsys) -> None:
    status, out, _ = edgekit(capsys, "sign", "--new-key", tmp_path / "builder", "--no-password")
    assert status == 0
    assert f"{tmp_path / 'builder.key'} signs: keep it where you build." in out
    secret, public = tmp_path / "builder.key", tmp_path / "builder.pub"
    status, out, err = edgekit(capsys, "sign", artifact, "--key", secret, "--comment", "line 3")
    assert status == 0
    assert "artifact:M/onnx-fp32 line 3" in out
    assert "is not verified" in err
    status, out, _ = edgekit(capsys, "sign", artifact, "--check", public, "--json")
    (one,) = json.loads(out)["signatures"]
    assert status == 0
    assert (one["artifact"], one["comment"].split("\t")[-1]) == (str(artifact), "line 3")
    as_text = public.read_text().splitlines()[1]
    assert edgekit(capsys, "sign", artifact, "--check", as_text)[0] == 0


def test_an_altered_artifact_has_status_2(artifact: Path, pair: Pair, capsys) -> None:
    assert edgekit(capsys, "sign", artifact, "--key", pair[0])[0] == 0
    path = artifact / FILE
    path.write_text(path.read_text().replace('"0.1.0"', '"0.1.1"'))
    for command in ("sign", "verify"):
        flag = "--check" if command == "sign" else "--require-signed"
        status, out, err = edgekit(capsys, command, artifact, flag, pair[1])
        assert (status, out) == (2, "")
        assert "manifest.json has been changed since it was signed. Do not use it." in err


def test_several_at_once_and_nothing_where_one_has_failed(make_artifact: MakeArtifact, pair: Pair, capsys) -> None:
    folders = [make_artifact("M"), make_artifact("N")]
    (folders[1] / "M.onnx").write_bytes(b"W")
    status, _, err = edgekit(capsys, "sign", *folders, "--key", pair[0])
    assert (status, "is damaged" in err) == (2, True)
    assert not (folders[0] / SIGNATURE).exists()
    make_artifact("N")
    status, out, _ = edgekit(capsys, "sign", *folders, "--key", pair[0])
    assert (status, out.count("signed, key")) == (0, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["M"], "say one of --key, --check and --new-key"),
        (["M", "--key", "a", "--check", "b"], "say one of --key, --check and --new-key"),
        (["--key", "a"], "no artifact is named"),
        (["M", "--new-key", "a"], "--new-key signs nothing, and M is named"),
        (["ARTIFACT", "--key", "absent.key"], "there is no secret key absent.key"),
        (["ARTIFACT", "--check", "absent.pub"], "there is no public key absent.pub"),
        (["--new-key", "new"], "the key's password is not given"),
        (["--new-key", "new", "--password-file", "absent"], "there is no password file absent"),
    ],
)
def test_what_is_missing_is_said(
    artifact: Path, capsys, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    status, _, err = edgekit(capsys, "sign", *(str(artifact) if one == "ARTIFACT" else one for one in arguments))
    assert status == 2
    assert said in err


def test_a_signed_artifact_stays_as_it_was_signed(project: FakeProject, cache: Path, pair: Pair, capsys) -> None:
    folder = project.out / "ResNet18" / "alpha"
    convert = ["convert", "ResNet18", "-w", "synthetic", "-t", "alpha", "--out", project.out]
    assert edgekit(capsys, *convert, "--verify")[0] == 0
    assert read_manifest(folder).verdicts[0].verdict.passed
    assert edgekit(capsys, "sign", folder, "--key", pair[0])[0] == 0
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    project.monkeypatch.setenv("FAKE_FAIL", "alpha/run ResNet18")
    shutil.rmtree(cache / "stages" / "alpha" / "run")
    status, out, _ = edgekit(capsys, "verify", folder, "--require-signed", pair[1], "--no-diagnose")
    assert status == 1
    assert "is signed, key" in out
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    # What is converted anew is another artifact, and nobody has signed it.
    assert edgekit(capsys, *convert, "--input-size", "64")[0] == 0
    assert not (folder / SIGNATURE).exists()


def test_predict_asks_for_the_signature_of_what_it_runs(artifact: Path, pair: Pair, tmp_path: Path, capsys) -> None:
    status, _, err = edgekit(capsys, "predict", artifact, tmp_path, "--require-signed", pair[1])
    assert (status, "onnx is not signed" in err) == (2, True)


def called(*arguments: str | Path, word: str = "") -> str:
    """What a tool says; it must end well."""
    answer = subprocess.run([str(one) for one in arguments], input=word, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@pytest.mark.needs("minisign")
def test_minisign_checks_what_edgekit_signs(artifact: Path, pair: Pair, capsys) -> None:
    assert edgekit(capsys, "sign", artifact, "--key", pair[0], "--comment", "line 3")[0] == 0
    said = called("minisign", "-Vm", artifact / FILE, "-p", pair[1])
    assert "Signature and comment signature verified" in said
    assert "artifact:M/onnx-fp32\tline 3" in said
    (artifact / FILE).write_bytes((artifact / FILE).read_bytes() + b"\n")
    assert subprocess.run(["minisign", "-Vm", artifact / FILE, "-p", pair[1]], capture_output=True).returncode == 1


@pytest.mark.needs("minisign")
def test_minisign_signs_with_edgekits_key(artifact: Path, pair: Pair, capsys) -> None:
    called("minisign", "-S", "-W", "-s", pair[0], "-m", artifact / FILE, "-t", "by hand")
    status, out, _ = edgekit(capsys, "sign", artifact, "--check", pair[1])
    assert (status, out.strip().endswith("by hand")) == (0, True)


@pytest.mark.needs("minisign")
def test_edgekit_signs_with_minisigns_key(artifact: Path, tmp_path: Path, capsys) -> None:
    """Encrypted as minisign does it of its own accord, with 1 GiB of memory."""
    secret, public = tmp_path / "own.key", tmp_path / "own.pub"
    called("minisign", "-G", "-s", secret, "-p", public, word="open sesame\nopen sesame\n")
    (tmp_path / "password").write_text("open sesame\n")
    signing = ("sign", artifact, "--key", secret, "--password-file", tmp_path / "password")
    status, out, _ = edgekit(capsys, *signing)
    assert status == 0
    assert f"key {public.read_text().split()[5]}," in out
    assert "verified" in called("minisign", "-Vm", artifact / FILE, "-p", public)


@pytest.mark.needs("minisign")
def test_minisign_signs_with_edgekits_encrypted_key(
    artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(keys, "OPSLIMIT", 1 << 20)
    monkeypatch.setattr(keys, "MEMLIMIT", 1 << 25)
    (tmp_path / "password").write_text("open sesame\n")
    making = ("sign", "--new-key", tmp_path / "own", "--password-file", tmp_path / "password")
    assert edgekit(capsys, *making)[0] == 0
    called("minisign", "-S", "-s", tmp_path / "own.key", "-m", artifact / FILE, word="open sesame\n")
    assert edgekit(capsys, "sign", artifact, "--check", tmp_path / "own.pub")[0] == 0
