"""A worker in a stranger's hands: it tries what a confined one may not, and tells what was possible."""

# /// script
# requires-python = ">=3.10"
# dependencies = ["six==1.17.0"]
# ///

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from edgeworker.protocol import Request, main


def attempts(request: Request) -> dict[str, Callable[[], object]]:
    """What is tried, by name. `elsewhere` is a folder of the user's with a file and a folder in it."""
    elsewhere, own = Path(request.options["elsewhere"]), request.output
    home = Path(request.options["home"])
    (own / "folder").mkdir()
    (own / "file").write_text("own")
    child = "import socket, sys; open(sys.argv[1], 'w')"
    return {
        "write": lambda: (elsewhere / "new").write_text("x"),
        "change": lambda: (elsewhere / "file").write_text("x"),
        "empty": lambda: os.truncate(elsewhere / "file", 0),
        "make a folder": lambda: (elsewhere / "made").mkdir(),
        "remove": lambda: (elsewhere / "file").unlink(),
        "remove a folder": lambda: (elsewhere / "folder").rmdir(),
        "rename": lambda: (elsewhere / "file").rename(elsewhere / "other"),
        "move in": lambda: (elsewhere / "file").rename(own / "moved"),
        "move out": lambda: (own / "file").rename(elsewhere / "moved"),
        "link in": lambda: (own / "linked").hardlink_to(elsewhere / "file"),
        "write through a link": lambda: through_link(own / "link", elsewhere / "file"),
        "write into the true home": lambda: (home / ".edgekit-intruder").touch(),
        "write into /tmp": lambda: Path("/tmp/.edgekit-intruder").touch(),
        "write into /dev/shm": lambda: Path("/dev/shm/.edgekit-intruder").touch(),
        "write as a child": lambda: run(child, elsewhere / "child"),
        "tcp": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "udp": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
        "unix": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
        "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
        "datagrams": lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM),
        "tcp as a child": lambda: run("import socket; socket.socket()"),
        "end edgekit": lambda: os.kill(os.getppid(), 0),
        "outlive edgekit": lambda: run("import os; os.setsid()"),
        "name the machine": lambda: socket.sethostname(socket.gethostname()),
        "name the machine as a child": lambda: run("import socket; socket.sethostname(socket.gethostname())"),
        "own: write": lambda: (own / "written").write_text("x"),
        "own: move": lambda: (own / "written").rename(own / "folder" / "moved"),
        "own: temporary": lambda: tempfile.TemporaryFile().close(),
        "own: home": lambda: Path("~/.cache/tool").expanduser().mkdir(parents=True),
        "own: a child": lambda: run(child, own / "child"),
        "own: a pair": lambda: socket.socketpair(),
        "own: nothing": lambda: Path("/dev/null").write_text("x"),
        "own: read": lambda: (elsewhere / "file").read_text(),
    }


def through_link(link: Path, target: Path) -> None:
    """Write to a file by a link to it."""
    link.symlink_to(target)
    try:
        link.write_text("x")
    finally:
        link.unlink()


def run(program: str, *arguments: Path) -> None:
    """Run a program of Python's; raises OSError where it fails."""
    answer = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, check=False)
    if answer.returncode != 0:
        raise PermissionError(answer.stderr.decode())


def job(request: Request) -> dict:
    """Try everything."""
    done = {}
    for name, attempt in attempts(request).items():
        try:
            attempt()
            done[name] = "done"
        except OSError as error:
            done[name] = type(error).__name__
    return done


main(job, ["six"])
