"""What keeps a device from taking a file or a command, in one sentence."""

from edgekit.devices.connection import Connection, Said
from edgekit.errors import AbsentError
from edgekit.filesystem.full_disk import says_full

LONGEST = 300


def unwritable(connection: Connection, said: Said) -> AbsentError:
    """Why no folder could be made."""
    if says_full(said.stdout + said.stderr):
        return full(connection)
    last = last_words(said.stdout, said.stderr)
    return AbsentError(f"{connection.folder} on {connection.name} cannot be written to: {last}")


def full(connection: Connection) -> AbsentError:
    """The error of a device without room."""
    return AbsentError(f"there is no room left on {connection.name}", f"Clear {connection.folder} on it.")


def last_words(stdout: str, stderr: str) -> str:
    """The last line that a program left, of its errors where there are some, or how it begins."""
    return (stderr.strip() or stdout.strip() or "no message").splitlines()[-1][:LONGEST]
