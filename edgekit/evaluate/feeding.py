"""Hands photos out to those who run them: in order, each once, without those that are known already."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from edgekit.errors import EdgekitError
from edgekit.evaluate.dataset import Photo
from edgekit.evaluate.output_log import OutputLog


@dataclass
class Album:
    """The photos of an evaluation: their hashes once they have been read, and what is wrong with those that cannot be.

    `hashes` are of the files, 32 bytes each; `errors` are by the photo's place.
    """

    photos: Sequence[Photo]
    forbidden: dict[str, str] = field(default_factory=dict)
    """Photos that must not be among them, by SHA-256 in hexadecimal digits, with what to say of each."""
    hashes: list[bytes | None] = field(init=False)
    errors: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hashes = [None] * len(self.photos)

    def count_twins(self) -> None:
        """Give photos whose file is that of one that cannot be read its error: only one of them was tried."""
        unread = {sha256: why for place, why in self.errors.items() if (sha256 := self.hashes[place]) is not None}
        for place, sha256 in enumerate(self.hashes):
            if sha256 in unread and place not in self.errors:
                self.errors[place] = unread[sha256]


@dataclass(frozen=True)
class Piece:
    """Some photos: their places in the album, and their files' bytes."""

    places: list[int]
    contents: list[bytes]


class Feeder:
    """Gives the photos that `log` lacks, piece by piece, to any number of threads."""

    def __init__(self, album: Album, log: OutputLog) -> None:
        self._album, self._log = album, log
        self._next, self._lock = 0, threading.Lock()
        self._given: set[bytes] = set()
        self.known = 0
        """Photos passed over so far: the log has them, or they cannot be read, or are another's twin."""

    def next(self, most: int) -> Piece | None:
        """At most `most` more photos; None where there are none left. Raises UsageError for a forbidden one."""
        places: list[int] = []
        contents: list[bytes] = []
        with self._lock:
            while len(places) < most and self._next < len(self._album.photos):
                place, self._next = self._next, self._next + 1
                if (content := self._wanted(place)) is None:
                    self.known += 1
                else:
                    places.append(place)
                    contents.append(content)
        return Piece(places, contents) if places else None

    def _wanted(self, place: int) -> bytes | None:
        """The bytes of a photo that is to be run; None where it is not."""
        album = self._album
        if place in album.errors:
            return None
        if (known := album.hashes[place]) is not None and known in self._log:
            return None
        try:
            content = album.photos[place].read()
        except EdgekitError as error:
            album.errors[place] = error.message
            return None
        sha256 = album.hashes[place] = hashlib.sha256(content).digest()
        if (why := album.forbidden.get(sha256.hex())) is not None:
            raise calibrated_on(album.photos[place].name, why)
        if sha256 in self._log or sha256 in self._given:
            return None
        self._given.add(sha256)
        return content


def calibrated_on(name: str, why: str) -> EdgekitError:
    """The error of a photo on which the model must not be judged."""
    from edgekit.errors import UsageError

    return UsageError(
        f"{name} is to be used to evaluate, and {why}",
        "A model looks better on the photos that it was made with: use others.",
    )
