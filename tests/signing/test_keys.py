"""Keys are minisign's own, made with care and read with care."""

import errno
import os
from pathlib import Path
from typing import Any

import minisign
import pytest

from edgekit.errors import AbsentError, ConversionError, UsageError
from edgekit.signing import keys
from edgekit.signing.keys import key_number, new_pair, number_of, public_key, secret_key


def never() -> str:
    raise AssertionError("nobody is asked for a password")


def test_a_new_pair_is_two_files_that_belong_together(pair: tuple[Path, Path]) -> None:
    secret, public = pair
    assert secret.stat().st_mode & 0o777 == 0o600
    number = key_number(public_key(str(public)))
    assert public.read_text().splitlines()[0] == f"untrusted comment: minisign public key {number}"
    assert secret_key(secret, never).get_public_key() == public_key(str(public))


def test_a_public_key_may_be_given_as_it_stands(pair: tuple[Path, Path]) -> None:
    assert public_key(pair[1].read_text().splitlines()[1]) == public_key(str(pair[1]))


def test_a_keys_number_is_written_as_minisign_writes_it() -> None:
    # The key of minisign's own releases.
    key = public_key("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3")
    assert key_number(key) == "E7620F1842B4E81F"


def test_a_small_number_has_no_zeros_in_front() -> None:
    assert number_of(bytes.fromhex("df55fd0ea0088101")) == "18108A00EFD55DF"


@pytest.mark.parametrize("suffix", [".key", ".pub"])
def test_no_key_is_ever_replaced(pair: tuple[Path, Path], suffix: str) -> None:
    before = [path.read_bytes() for path in pair]
    other = ".pub" if suffix == ".key" else ".key"
    pair[0].with_suffix(other).rename(pair[0].with_suffix(".kept"))
    with pytest.raises(UsageError, match=f"builder{suffix} exists"):
        new_pair(pair[0].with_suffix(""), None)
    pair[0].with_suffix(".kept").rename(pair[0].with_suffix(other))
    assert [path.read_bytes() for path in pair] == before


def test_a_password_locks_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The least that scrypt takes; with minisign's own limits, as here by default, each use takes seconds.
    monkeypatch.setattr(keys, "OPSLIMIT", 32768)
    monkeypatch.setattr(keys, "MEMLIMIT", 1 << 20)
    secret, public = new_pair(tmp_path / "locked", "open sesame")
    assert "encrypted secret key" in secret.read_text().splitlines()[0]
    assert secret_key(secret, lambda: "open sesame").get_public_key() == public_key(str(public))
    with pytest.raises(UsageError, match="the password does not unlock"):
        secret_key(secret, lambda: "sesame")


def test_too_little_memory_is_said(pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(minisign.SecretKey, "encrypt", no_memory)
    with pytest.raises(AbsentError, match="takes 1 GiB of memory"):
        new_pair(tmp_path / "locked", "open sesame")
    assert not list(tmp_path.glob("locked*"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a"),
        (b"untrusted comment: x\nRWQf6LRCGA9i\n", "is not a"),
        (b"\xff\xfe\n\xff\n", "is not a"),
        (b"x" * 5000, "is too large for a"),
        (None, "there is no"),
    ],
)
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "some"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=said):
        public_key(str(path))
    with pytest.raises(UsageError, match=said):
        secret_key(path, never)
    with pytest.raises(UsageError, match="is a folder, not a file"):
        public_key(str(tmp_path))


@pytest.mark.parametrize("which", [0, 1])
def test_a_full_disk_leaves_no_half_of_a_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: int) -> None:
    calls, fdopen = [], os.fdopen

    def full(descriptor: int, how: Any):
        calls.append(descriptor)
        if len(calls) == which + 1:
            os.close(descriptor)
            raise OSError(errno.ENOSPC, "No space left on device")
        return fdopen(descriptor, how)

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(ConversionError, match=f"the disk is full: .*{tmp_path.name}"):
        new_pair(tmp_path / "mine", None)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_somebody_makes_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, generate = tmp_path / "mine.key", minisign.KeyPair.generate

    def slow() -> minisign.KeyPair:
        theirs.write_text("theirs")
        return generate()

    monkeypatch.setattr(minisign.KeyPair, "generate", slow)
    with pytest.raises(UsageError, match=r"mine\.key exists"):
        new_pair(tmp_path / "mine", None)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["theirs"]
