"""The command line: one file per command, which parses, calls one function and prints."""

import sys

from edgekit.cli.interrupts import listen, stop_listening

INTERRUPTED = 130


def main() -> None:
    """Run the command line; every failure a user can meet ends in one sentence and its exit status.

    A request to end (SIGTERM) is Ctrl-C from the first instruction on: what is imported below takes a while.
    """
    try:
        listen()
        from edgekit.cli.app import run

        status = run(sys.argv[1:])
        stop_listening()
    except KeyboardInterrupt:
        stop_listening()
        sys.stderr.write("\nedgekit: interrupted before anything was begun\n")
        status = INTERRUPTED
    sys.exit(status)
