"""Archives of files from strangers: zip and tar, read one member at a time and never unpacked.

A member's name is a name and leads nowhere: nothing of an archive is ever written to a disk. What an archive may hold
is bounded by its own size, so that a small one cannot cost hours or gigabytes.
"""

import struct
import tarfile
import zipfile
import zlib
from contextlib import suppress
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Protocol

from edgekit.errors import UsageError
from edgekit.untrusted.files import open_regular
from edgekit.untrusted.wording import harmless

LARGEST_INDEX = 64 << 20
"""Bytes of a zip's directory: a million names. What Python makes of it takes ten times that."""
LARGEST_HEADER = 1 << 20
"""Bytes of one header of a tar."""
MOST_MEMBERS = 5_000_000
LARGEST_RATIO = 100
"""What a zip may unpack to, as a multiple of its size: photos are compressed already, and bombs reach a thousand."""
HARMLESS = 32 << 20
"""Bytes that any archive may unpack to."""
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_LOCAL_HEADER_BYTES = 30
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
}


# The readers have no common error for damaged files.
_DAMAGES = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    IndexError,
    KeyError,
    OverflowError,
    RuntimeError,
)


class Archive(Protocol):
    """What is in an archive: the names of its files, and the bytes of each."""

    @property
    def names(self) -> list[str]:
        """The names of all files in it, with forward slashes, in the archive's order."""
        ...

    def size(self, name: str) -> int:
        """The bytes that a file says it has."""
        ...

    def read(self, name: str, largest: int) -> bytes:
        """The bytes of a file. Raises UsageError where it is damaged, or has more than `largest`."""
        ...

    def close(self) -> None:
        """Close the archive's file."""
        ...


def open_archive(path: Path) -> Archive:
    """The archive at `path`, by what it begins with. Raises UsageError for what is no zip and no plain tar, for one
    that is damaged or names files outside itself, and for a bomb."""
    stream = open_regular(path, "archive")
    try:
        start = stream.read(512)
        stream.seek(0)
        for magic, packer in _COMPRESSED.items():
            if start.startswith(magic):
                raise UsageError(
                    f"{path} is packed with {packer}, in which no photo can be found without unpacking all before it",
                    "Unpack it, or give a zip or a plain tar.",
                )
        if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            return ZipArchive(path, stream)
        if start[257:262] == b"ustar" or (len(start) == 512 and _checksum_holds(start)):
            return TarArchive(path, stream)
        raise UsageError(f"{path} is neither a folder nor a zip nor a tar", "Name one of these.")
    except BaseException:
        stream.close()
        raise


class ZipArchive:
    """A zip whose members are stored or deflated, and not encrypted."""

    def __init__(self, path: Path, stream: BufferedReader) -> None:
        self._path, self._stream = path, stream
        size = _check_directory(path, stream)
        try:
            self._zip = zipfile.ZipFile(stream)
        except _DAMAGES as error:
            raise UsageError(f"{path} is a damaged zip ({error})", "Make it again, or unpack it.") from None
        files = [one for one in self._zip.infolist() if not one.filename.endswith("/")]
        _check_names(path, [one.filename for one in files])
        if locked := next((one for one in files if one.flag_bits & 1), None):
            raise UsageError(f"{path} is encrypted ({locked.filename})", "Unpack it.")
        usual = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if odd := next((one for one in files if one.compress_type not in usual), None):
            raise UsageError(f"{path} packs {odd.filename} in a way that zips of photos do not need", "Unpack it.")
        _check_bomb(path, files, size)
        self._files = {one.filename: one for one in files}

    @property
    def names(self) -> list[str]:
        """The names of all files in it."""
        return list(self._files)

    def size(self, name: str) -> int:
        """The bytes that a file says it has."""
        return self._files[name].file_size

    def read(self, name: str, largest: int) -> bytes:
        """The bytes of a file. Raises UsageError where it is damaged, or has more than `largest`."""
        shown = f"{harmless(name, 300)} in {self._path}"
        if self._files[name].file_size > largest:
            raise UsageError(f"{shown} is too large for a photo: more than {largest >> 20} MiB")
        try:
            return self._zip.read(self._files[name])
        except _DAMAGES as error:
            raise UsageError(f"{shown} cannot be read ({error})") from None

    def close(self) -> None:
        """Close the archive's file."""
        self._zip.close()
        self._stream.close()


class TarArchive:
    """A tar that is not compressed; links and devices in it are no files."""

    def __init__(self, path: Path, stream: BufferedReader) -> None:
        self._path, self._stream = path, stream
        self._files: dict[str, tuple[int, int]] = {}
        names: list[str] = []
        try:
            with tarfile.open(fileobj=_ShortReads(stream), mode="r:") as archive:  # type: ignore[arg-type]
                for count, member in enumerate(archive):
                    if count >= MOST_MEMBERS:
                        raise UsageError(f"{path} holds more than {MOST_MEMBERS} members", "Give a part of it.")
                    archive.members = []  # tarfile would keep all of them
                    if member.isreg() and not member.issparse():
                        names.append(member.name)
                        self._files[member.name] = (member.offset_data, member.size)
        except _DAMAGES as error:
            raise UsageError(f"{path} is a damaged tar ({error})", "Make it again, or unpack it.") from None
        _check_names(path, names)

    @property
    def names(self) -> list[str]:
        """The names of all files in it."""
        return list(self._files)

    def size(self, name: str) -> int:
        """The bytes that a file says it has."""
        return self._files[name][1]

    def read(self, name: str, largest: int) -> bytes:
        """The bytes of a file. Raises UsageError where it is damaged, or has more than `largest`."""
        offset, size = self._files[name]
        shown = f"{harmless(name, 300)} in {self._path}"
        if size > largest:
            raise UsageError(f"{shown} is too large for a photo: more than {largest >> 20} MiB")
        try:
            self._stream.seek(offset)
            content = self._stream.read(size)
        except (OSError, ValueError) as error:
            raise UsageError(f"{shown} cannot be read ({error})") from None
        if len(content) < size:
            raise UsageError(f"{shown} is cut short")
        return content

    def close(self) -> None:
        """Close the archive's file."""
        self._stream.close()


class _ShortReads:
    """A file of which nobody reads much at once: tarfile takes a header as long as the header says."""

    def __init__(self, stream: BufferedReader) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LARGEST_HEADER:
            raise ValueError(f"it has a header of {size} bytes")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def _check_directory(path: Path, stream: BufferedReader) -> int:
    """The size of a zip; raises UsageError where its directory is too large to be read, by what its end says."""
    size = stream.seek(0, 2)
    tail_at = max(0, size - (1 << 16) - _END.size)
    stream.seek(tail_at)
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise UsageError(f"{path} is a damaged zip (it has no directory at its end)", "Make it again, or unpack it.")
    directory = _END.unpack_from(tail, at)[5]
    # 64 bits where 32 do not do: a locator lies before the end, and leads to the larger record.
    if directory == 0xFFFFFFFF and at >= _LOCATOR_64.size:
        with suppress(struct.error):
            offset = _LOCATOR_64.unpack_from(tail, at - _LOCATOR_64.size)[2]
            if offset + _END_64.size <= size:
                stream.seek(offset)
                directory = _END_64.unpack(stream.read(_END_64.size))[8]
    stream.seek(0)
    if directory > min(size, LARGEST_INDEX):
        raise UsageError(f"{path} is a zip with a directory of {directory} bytes", "Unpack it, or give a part of it.")
    return size


def _check_bomb(path: Path, files: list[zipfile.ZipInfo], size: int) -> None:
    """Raise UsageError where a zip unpacks to far more than photos do, or where its members lie over each other."""
    total = sum(one.file_size for one in files)
    if total > max(HARMLESS, LARGEST_RATIO * size):
        raise UsageError(
            f"{path} is a zip bomb: {size} bytes that unpack to {total}", "Photos do not pack so; give another archive."
        )
    end, before = 0, ""
    for one in sorted(files, key=lambda one: one.header_offset):
        if one.header_offset < end:
            raise UsageError(
                f"{path} is a zip bomb: {before} and {one.filename} lie over each other", "Give another archive."
            )
        end, before = one.header_offset + _LOCAL_HEADER_BYTES + one.compress_size, one.filename


def _check_names(path: Path, names: list[str]) -> None:
    """Raise UsageError for a name that leads out of the archive, and for one that is there twice."""
    seen: set[str] = set()
    for name in names:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name:
            raise UsageError(f"{path} names a file outside itself: {harmless(name, 200)}", "Give another archive.")
        if name in seen:
            raise UsageError(f"{path} holds {harmless(name, 200)} twice", "Give another archive.")
        seen.add(name)


def _checksum_holds(header: bytes) -> bool:
    """Whether 512 bytes are the header of a tar of before 1988, which has no magic number: by its checksum."""
    try:
        said = int(header[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return said == sum(header[:148]) + 8 * 32 + sum(header[156:])
