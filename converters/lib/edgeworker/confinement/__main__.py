"""Tries a confinement on this machine: `python -m edgeworker.confinement FOLDER ELSEWHERE`, two folders.

Prints one JSON document: what the kernel offers, and whether a write to each folder and a socket were possible then.
"""

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from edgeworker.confinement import confine


def possible(attempt: Callable[[], object]) -> bool:
    """Whether the system lets something be done."""
    try:
        attempt()
    except OSError:
        return False
    return True


def tried(folder: Path, elsewhere: Path) -> dict[str, object]:
    """Confine this process to `folder`, and see what it still can do."""
    held = confine([str(folder)])
    return {
        **held._asdict(),
        "writes": possible(lambda: (folder / "file").write_text("")),
        "writes_elsewhere": possible(lambda: (elsewhere / "file").write_text("")),
        "sockets": possible(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()),
        "tcp": possible(lambda: socket.create_server(("127.0.0.1", 0)).close()),
    }


if __name__ == "__main__":
    print(json.dumps(tried(Path(sys.argv[1]), Path(sys.argv[2]))))
