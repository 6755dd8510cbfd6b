"""What a model gave for each photo, kept on disk as it comes: a run that is killed goes on at the photo where it was.

A folder of the cache belongs to one model as it is run; each run appends to a file of its own in it. A record is the
SHA-256 of the photo's file, the values in float32, and a checksum, so that one which was being written when the power
went is no record. Nothing of the photo itself is kept.
"""

import os
import secrets
import struct
import threading
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.errors import UsageError
from edgekit.filesystem.hashes_by_stat import mark_used
from edgekit.filesystem.writing import disk_errors
from edgekit.untrusted.files import open_regular

if TYPE_CHECKING:
    import numpy as np

FOLDER = "evaluations"
SUFFIX = ".outputs"
_HEAD = struct.Struct("<8sQ")
_MAGIC = b"edgekitO"
_CHECK = struct.Struct("<I")
_READ_BYTES = 8 << 20


class OutputLog:
    """The outputs of one model by photo, `width` values each. Memory goes by the number of photos, not of values."""

    def __init__(self, folder: Path, width: int) -> None:
        self.width = width
        self._record_bytes = 32 + 4 * width + _CHECK.size
        self._lock = threading.Lock()
        self._files: list[int] = []
        self._places: dict[bytes, tuple[int, int]] = {}
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            mark_used(folder)
            for path in sorted(folder.glob(f"*{SUFFIX}")):
                self._take_in(path)
            own = folder / f"{secrets.token_hex(8)}{SUFFIX}"
            # Read through the same file: one that is cleared away meanwhile is still this run's.
            self._own = os.open(own, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            os.write(self._own, _HEAD.pack(_MAGIC, width))
        self._path, self._end = own, _HEAD.size
        self._files.append(self._own)

    def __contains__(self, sha256: bytes) -> bool:
        return sha256 in self._places

    def __len__(self) -> int:
        return len(self._places)

    def append(self, hashes: Sequence[bytes], values: "np.ndarray") -> None:
        """Keep the values of some photos, float32 [photos, width]. Raises ConversionError on a full disk."""
        import numpy as np

        rows = np.ascontiguousarray(values, np.float32).reshape(len(hashes), self.width)
        records = []
        for sha256, row in zip(hashes, rows, strict=True):
            content = sha256 + row.tobytes()
            records.append(content + _CHECK.pack(zlib.crc32(content)))
        written = b"".join(records)
        with self._lock, disk_errors(self._path):
            left = memoryview(written)
            while left:
                left = left[os.write(self._own, left) :]
            for number, sha256 in enumerate(hashes):
                self._places[sha256] = (self._own, self._end + number * self._record_bytes)
            self._end += len(written)

    def values(self, hashes: Sequence[bytes]) -> "np.ndarray":
        """The values of photos that are in it: float32 [photos, width]."""
        import numpy as np

        rows = np.empty((len(hashes), self.width), np.float32)
        for number, sha256 in enumerate(hashes):
            file, at = self._places[sha256]
            rows[number] = np.frombuffer(os.pread(file, 4 * self.width, at + 32), np.float32)
        return rows

    def close(self) -> None:
        """Close the files; one that nothing was written to goes."""
        for file in self._files:
            os.close(file)
        self._files = []
        if self._end == _HEAD.size:
            self._path.unlink(missing_ok=True)

    def _take_in(self, path: Path) -> None:
        """Note where the whole records of an earlier run's file lie."""
        try:
            with open_regular(path) as stream:
                file = os.dup(stream.fileno())
        except UsageError:
            return  # cleared away just now, or no file of an evaluation
        self._files.append(file)
        head = os.pread(file, _HEAD.size, 0)
        if len(head) < _HEAD.size or _HEAD.unpack(head) != (_MAGIC, self.width):
            return
        at, many = _HEAD.size, max(1, _READ_BYTES // self._record_bytes)
        while content := os.pread(file, many * self._record_bytes, at):
            for start in range(0, len(content) - self._record_bytes + 1, self._record_bytes):
                end = start + self._record_bytes - _CHECK.size
                if _CHECK.unpack_from(content, end)[0] == zlib.crc32(content[start:end]):
                    self._places[content[start : start + 32]] = (file, at + start)
            at += len(content) - len(content) % self._record_bytes
            if len(content) < many * self._record_bytes:
                break
