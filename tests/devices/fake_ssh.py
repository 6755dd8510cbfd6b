"""A program that answers as `ssh` and `scp` do, for boards that are folders (fake_device.py).

What they say themselves is as OpenSSH 9 prints it.
"""

import os
import shutil
import sys

from fake_device import FULL, PROGRAM, Device

PLACE = "/tmp"
KNOWN = os.environ.get("FAKE_BOARDS", "board").split(",")


def fail(message: str, status: int) -> int:
    """End as OpenSSH does."""
    print(message, file=sys.stderr)
    return status


def plain(words: list[str]) -> list[str]:
    """The words without flags: here all are `-o VALUE` and `-q`."""
    found, rest = [], list(words)
    while rest:
        word = rest.pop(0)
        if word == "-o":
            rest.pop(0)
        elif word != "-q":
            found.append(word)
    return found


def reached(host: str, status: int) -> Device:
    """The board of a host name; ends where there is none."""
    if host not in KNOWN:
        sys.exit(fail(f"ssh: Could not resolve hostname {host}: Name or service not known", status))
    board = Device(host, PLACE)
    if board.fault == "unreachable" or board.unplugged:
        sys.exit(fail(f"ssh: connect to host {host} port 22: No route to host", status))
    return board


def ssh(words: list[str]) -> int:
    """Run a line."""
    host, line = words
    board = reached(host, 255)
    if PROGRAM in line and board.fault == "unplugged":
        board.unplug()
        return fail(f"client_loop: send disconnect: Broken pipe\r\nConnection to {host} closed", 255)
    return board.shell(line)


def scp(words: list[str]) -> int:
    """Copy to a board, or from it."""
    *files, last = words
    if ":" in last:
        host, _, folder = last.partition(":")
        board = reached(host, 1)
        if board.fault == "full":
            return fail(f'scp: write remote "{folder}": {FULL}', 1)
        for file in files:
            shutil.copy(file, board.here(folder))
        return 0
    host, _, path = files[0].partition(":")
    board = reached(host, 1)
    if not board.here(path).exists():
        return fail(f"scp: {path}: No such file or directory", 1)
    shutil.copy(board.here(path), last)
    return 0


program, *arguments = sys.argv[1:]
sys.exit({"ssh": ssh, "scp": scp}[program](plain(arguments)))
