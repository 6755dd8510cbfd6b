"""Keys in minisign's format: made, read, unlocked with their password."""

import base64
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.errors import AbsentError, UsageError
from edgekit.filesystem.writing import disk_errors
from edgekit.untrusted.files import read_bytes

if TYPE_CHECKING:
    from minisign import PublicKey, SecretKey

LARGEST_BYTES = 4096
# What minisign itself asks of scrypt (libsodium's "sensitive"): 1 GiB of memory, a few seconds.
OPSLIMIT, MEMLIMIT = 1 << 25, 1 << 30
# 42 bytes in base64: the algorithm, the key's number, the key.
BASE64 = re.compile(r"RW[0-9A-Za-z+/]{54}")


def public_key(text: str) -> "PublicKey":
    """The public key in a file, or given as it stands in its second line. Raises UsageError where it is none."""
    from minisign import Error, PublicKey

    try:
        if BASE64.fullmatch(text):
            return PublicKey.from_base64(text)
        return PublicKey.from_bytes(read_bytes(Path(text), LARGEST_BYTES, "public key"))
    except Error as error:
        raise UsageError(f"{text} is not a public key ({error})", "Give the .pub file, or its second line.") from None


def secret_key(path: Path, password: Callable[[], str]) -> "SecretKey":
    """The secret key in a file, unlocked; `password` is called where it is encrypted.

    Raises UsageError where it is none or the password is another, AbsentError where there is too little memory.
    """
    from minisign import Error, SecretKey

    try:
        key = SecretKey.from_bytes(read_bytes(path, LARGEST_BYTES, "secret key"))
        if not key.is_encrypted():
            return key
    except Error as error:
        raise UsageError(
            f"{path} is not a secret key ({error})", "Give the .key file that came with the .pub."
        ) from None
    word = password()
    try:
        key.decrypt(word)
    except Error:
        raise UsageError(f"the password does not unlock {path}") from None
    except MemoryError:
        raise AbsentError(f"unlocking {path} takes 1 GiB of memory", "End other programs.") from None
    return key


def new_pair(name: Path, password: str | None) -> tuple[Path, Path]:
    """Make a pair of keys, `name`.key (for its owner's eyes alone) and `name`.pub; returns their paths.

    Raises UsageError where one of them exists: a key that is gone can sign nothing any more.
    """
    from minisign import KeyPair

    secret, public = (name.with_name(name.name + suffix) for suffix in (".key", ".pub"))
    for path in (secret, public):
        if path.exists() or path.is_symlink():
            raise already_there(path)
    pair = KeyPair.generate()
    pair.public_key.untrusted_comment = f"minisign public key {key_number(pair.public_key)}"
    with pair.secret_key as key:
        if password is not None:
            try:
                key.encrypt(password, opslimit=OPSLIMIT, memlimit=MEMLIMIT)
            except MemoryError:
                raise AbsentError("encrypting a key takes 1 GiB of memory", "End other programs.") from None
        key.untrusted_comment = f"minisign {'encrypted ' if password is not None else ''}secret key"
        content = bytes(key) + b"\n"
    with disk_errors(name.parent):
        name.parent.mkdir(parents=True, exist_ok=True)
        write_new(secret, content, 0o600)
        try:
            write_new(public, bytes(pair.public_key) + b"\n", 0o666)
        except BaseException:
            secret.unlink(missing_ok=True)  # half a pair would be in the way of the next try
            raise
    return secret, public


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Write a file that must not be there yet, or none: what could not be written whole is removed.

    Raises UsageError where there is one, which somebody else may have made meanwhile.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise already_there(path) from None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def already_there(path: Path) -> UsageError:
    """The error of a key that is in the way."""
    return UsageError(f"{path} exists", "Choose another name; an old key is never replaced.")


def key_number(key: "PublicKey") -> str:
    """A key's number as minisign prints it: little-endian, in hex, without leading zeros."""
    return number_of(base64.b64decode(key.to_base64())[2:10])


def number_of(identifier: bytes) -> str:
    """The same of the 8 bytes that stand in a key or a signature."""
    return f"{int.from_bytes(identifier, 'little'):X}"
