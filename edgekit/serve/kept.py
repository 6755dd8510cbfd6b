"""Requests on which a shadow disagrees, taken over from the server into the user's folder."""

import shutil
from errno import EINVAL
from pathlib import Path

from edgekit.errors import EdgekitError
from edgekit.filesystem.owned import written_whole
from edgekit.toolchain.left import is_plain


class Kept:
    """Files that the server leaves in `output` go into `folder`; one that lies there is whole.

    `most` are tried, those that fail too: a server in a stranger's hands could name files without end.
    """

    def __init__(self, output: Path, folder: Path, most: int) -> None:
        self._output, self._folder, self._room = output, folder, most

    def take(self, file: str) -> str | None:
        """Take a file over by its name; why that could not be, or None."""
        source = self._output / Path(file).name
        # The server has strangers' photos in its hands: what it says may be anything.
        if self._room <= 0 or not is_plain(source):
            return None
        self._room -= 1
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with written_whole(self._folder / source.name) as partial:
                shutil.move(source, partial)
                # Where the server could not change it any more.
                if not is_plain(partial):
                    raise OSError(EINVAL, "what the server left is no file")
        except EdgekitError as error:
            return error.message
        except OSError as error:
            return error.strerror or str(error)
        return None
