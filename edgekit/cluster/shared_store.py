"""What machines share: files by the SHA-256 of their bytes, and records that name them, in any place that fsspec knows.

A file is uploaded under a temporary name and then moved; a record is written last, so that what it names is there. What
is taken is hashed on its way: a file that is not what its name says is none, and goes.
"""

import hashlib
import re
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from edgekit.cache.record import LARGEST_BYTES, sealed, unsealed
from edgekit.cluster.absent import required
from edgekit.errors import AbsentError, ConversionError, DiskFullError, EdgekitError, UsageError
from edgekit.filesystem.full_disk import is_full
from edgekit.filesystem.hashing import file_sha256
from edgekit.filesystem.writing import disk_errors
from edgekit.pipeline.store import Damaged, FileFacts

T = TypeVar("T")

LAYOUT = "edgekit-1"
"""The folder below the URL. Raised when the meaning of what lies in it changes."""
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class SharedStore:
    """The store at `url`. `notify` is told in one line of what was damaged in it.

    Whatever a plugin raises becomes ConversionError, of a place that is full DiskFullError.
    """

    url: str
    notify: Callable[[str], None] = lambda _: None

    @property
    def shown(self) -> str:
        """The URL without a user's name and password."""
        return re.sub(r"//[^/@]*@", "//", self.url)

    @cached_property
    def _place(self) -> tuple[Any, str]:
        """The file system, and the folder in it. Raises UsageError, AbsentError."""
        core = required("fsspec.core")
        try:
            # What other machines have put there since is to be seen.
            files, root = core.url_to_fs(self.url, use_listings_cache=False)
        except ImportError as error:
            raise AbsentError(f"--store {self.shown} needs a package: {error}", "Install it.") from None
        except Exception as error:  # a plugin's own
            raise UsageError(
                f"--store {self.shown} is no place: {error}", "As in /mnt/shared or s3://bucket/folder."
            ) from None
        return files, f"{root.rstrip('/')}/{LAYOUT}"

    @contextmanager
    def _reported(self) -> Iterator[tuple[Any, str]]:
        """The place; what its file system raises in the block becomes one sentence.

        What writes to this machine's own disk stands outside of it: another disk would be blamed.
        """
        place = self._place
        try:
            yield place
        except (EdgekitError, Damaged):
            raise
        except Exception as error:  # a plugin's own
            if isinstance(error, OSError) and is_full(error):
                raise DiskFullError(
                    f"the shared store {self.shown} is full ({error.strerror or error})",
                    "Free some space there, or choose another place with --store.",
                ) from error
            raise ConversionError(
                f"the shared store {self.shown} does not answer: {error or type(error).__name__}",
                "Is it there, and may you write to it?",
            ) from error

    def check(self) -> None:
        """Raise UsageError, AbsentError or ConversionError where nothing can be kept there."""
        with tempfile.TemporaryDirectory(prefix="edgekit-") as folder:
            path = Path(folder, "probe")
            path.write_bytes(b"edgekit\n")
            self.put(path)

    def put(self, path: Path, sha256: str | None = None) -> FileFacts:
        """Keep a file, unless it is there; what it is. `sha256` is that of its bytes, where it is known."""
        facts = FileFacts(sha256 or file_sha256(path), path.stat().st_size)
        with self._reported() as (files, root):
            place = object_of(root, facts.sha256)
            with suppress(FileNotFoundError):
                if files.size(place) == facts.bytes:
                    return facts
            with moved(files, place) as temporary:
                files.put_file(str(path), temporary)
        return facts

    def take(self, facts: FileFacts, target: Path) -> None:
        """Write the file of that hash and size to `target`. Raises Damaged where it is not there, or is another."""
        digest, total = hashlib.sha256(), 0
        with disk_errors(target), target.open("xb") as output:
            for piece in self._pieces(facts):
                digest.update(piece)
                output.write(piece)
                total += len(piece)
        if (digest.hexdigest(), total) != (facts.sha256, facts.bytes):
            with self._reported() as (files, root), suppress(FileNotFoundError):  # somebody else has seen it too
                files.rm_file(object_of(root, facts.sha256))
            raise Damaged(facts.sha256[:12])

    def _pieces(self, facts: FileFacts) -> Iterator[bytes]:
        """The bytes of a file, as many as it should have and at most one piece more. Raises Damaged for none."""
        with self._reported() as (files, root):
            try:
                with files.open(object_of(root, facts.sha256), "rb") as stream:
                    left = facts.bytes
                    while left >= 0 and (piece := stream.read(CHUNK_BYTES)):
                        yield piece
                        left -= len(piece)
            except FileNotFoundError:
                raise Damaged(facts.sha256[:12]) from None

    def keep(self, name: str, record: Any) -> None:
        """Keep a record under a name, such as `stages/lite/convert/<key>`; the files that it names must be there."""
        with self._reported() as (files, root), moved(files, record_of(root, name)) as temporary:
            files.pipe_file(temporary, sealed(record))

    def has(self, name: str) -> bool:
        """Whether there is a record of that name."""
        with self._reported() as (files, root):
            return bool(files.isfile(record_of(root, name)))

    def record(self, name: str, kind: type[T]) -> T | None:
        """The record of that name; None where it is not there, or is none."""
        with self._reported() as (files, root):
            try:
                with files.open(record_of(root, name), "rb") as stream:
                    content = stream.read(LARGEST_BYTES + 1)
            except FileNotFoundError:
                return None
        found = unsealed(content, kind) if len(content) <= LARGEST_BYTES else None
        if found is None:
            self.notify(f"a record in {self.shown} is damaged, and is made again: {name}")
            self.drop(name)
        return found

    def drop(self, name: str) -> None:
        """Remove a record; the files that it names stay."""
        with self._reported() as (files, root), suppress(FileNotFoundError):
            files.rm_file(record_of(root, name))


def object_of(root: str, sha256: str) -> str:
    """Where a file lies."""
    return f"{root}/objects/{sha256[:2]}/{sha256}"


def record_of(root: str, name: str) -> str:
    """Where a record lies."""
    return f"{root}/{name}.json"


@contextmanager
def moved(files: Any, place: str) -> Iterator[str]:
    """Another name, which a file is put under in the block and then moved from: nobody finds half of it."""
    temporary = f"{place}.{uuid.uuid4().hex}.part"
    files.makedirs(place.rpartition("/")[0], exist_ok=True)
    try:
        yield temporary
        files.mv(temporary, place)
    except BaseException:
        with suppress(Exception):  # it is the first error that matters, and nobody reads what is left
            files.rm_file(temporary)
        raise
