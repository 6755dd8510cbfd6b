"""A zip from a stranger: known names, bounded sizes, no links, and nothing that unpacks to more than it says.

The format (PKWARE's APPNOTE, 4.3): at the end a record that says where the central directory lies and how many entries
it has; `zipfile` reads all of it before it can be asked, so this record is looked at first. Archives of any number of
files, which are read in place and never unpacked, are those of `archives`.
"""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path

from edgekit.errors import UsageError
from edgekit.filesystem.full_disk import full_disk, is_full
from edgekit.untrusted.files import open_regular
from edgekit.untrusted.values import Unusable
from edgekit.untrusted.wording import harmless

MOST_ENTRIES = 64
LARGEST_DIRECTORY = 64 << 10  # bytes of the central directory: a thousand for each entry
LARGEST_ARCHIVE = 1 << 30
_END = struct.Struct("<4s4H2LH")
_LOCATOR = 20
_CHUNK = 1 << 20
_ENCRYPTED = 1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def unpack_zip(path: Path, known: Mapping[str, int], folder: Path, what: str) -> set[str]:
    """Unpack a zip that holds only files of the `known` names, each with its largest size in bytes, into `folder`.

    Returns the names that it holds. Raises UsageError, in one sentence, for anything else; `what` the zip should be is
    named in it. Nothing is written outside `folder`, and of no file more than its bound.
    """
    with open_regular(path, what) as stream:
        try:
            check_end(stream)
            # Not by its name, which could lead to another file by now.
            with zipfile.ZipFile(stream) as archive:
                entries = checked_entries(archive, known)
                for entry in entries:
                    unpack_entry(archive, entry, folder / entry.filename)
        except Unusable as error:
            raise UsageError(f"{path} is no {what}: {error}", "Send it again.") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error, ValueError) as error:
            raise UsageError(f"{path} cannot be unpacked ({harmless(str(error), 200)})", "Send it again.") from None
        except OSError as error:
            if is_full(error):
                raise full_disk(folder) from None
            # A place beyond the file, or a disk that fails.
            raise UsageError(f"{path} cannot be unpacked ({error.strerror or error})", "Send it again.") from None
    return {entry.filename for entry in entries}


def check_end(stream: BufferedReader) -> None:
    """Raise Unusable where the end of a file is no plain end of a small zip."""
    size = os.fstat(stream.fileno()).st_size
    if size > LARGEST_ARCHIVE:
        raise Unusable(f"it is larger than {LARGEST_ARCHIVE >> 20} MiB")
    if size < _END.size:
        raise Unusable("it is not a zip")
    stream.seek(-min(size, _END.size + _LOCATOR), os.SEEK_END)
    last = stream.read()
    mark, disk, start_disk, here, entries, length, offset, comment = _END.unpack(last[-_END.size :])
    if mark != b"PK\x05\x06" or comment:
        raise Unusable("it is not a zip, is cut short, or has something behind its end")
    if last.startswith(b"PK\x06\x07") or disk or start_disk or here != entries:
        raise Unusable("it is a zip in several parts, or of more than 4 GiB")
    if entries > MOST_ENTRIES or length > LARGEST_DIRECTORY:
        raise Unusable(f"it holds more than {MOST_ENTRIES} files, or their names take more than 64 KiB")
    if offset + length + _END.size > size:
        raise Unusable("it is cut short")


def checked_entries(archive: zipfile.ZipFile, known: Mapping[str, int]) -> list[zipfile.ZipInfo]:
    """The entries of a zip, of which each may be unpacked. Raises Unusable."""
    entries = archive.infolist()
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        shown = harmless(name, 60)
        # `orig_filename` is what is written there: `filename` may have lost what follows a null character.
        if name not in known or entry.orig_filename != name:
            raise Unusable(f'it holds "{shown}", which belongs to none')
        if name in seen:
            raise Unusable(f"it holds {name} twice")
        seen.add(name)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or entry.is_dir():
            raise Unusable(f"its {name} is a link or a folder, and no file")
        if entry.flag_bits & _ENCRYPTED:
            raise Unusable(f"its {name} is encrypted")
        if entry.compress_type not in _METHODS:
            raise Unusable(f"its {name} is packed by another method than deflate")
        if entry.file_size > known[name]:
            raise Unusable(f"its {name} is larger than {_size(known[name])}")
    return entries


def unpack_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Unpack one file. Raises Unusable where it unpacks to another size than it says."""
    left = entry.file_size
    with archive.open(entry) as packed, target.open("xb") as file:
        # One byte more than it says would already be a lie: never all that it may unpack to.
        while chunk := packed.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                break
            file.write(chunk)
    if left:
        raise Unusable(f"its {entry.filename} is not as large as it says")


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count >> 10} KiB"
