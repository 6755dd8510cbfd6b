"""The command line: one file per command, which parses, calls one function and prints."""

import signal
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line; every failure a user can meet ends in one sentence and its exit status.

    A request to end (SIGTERM) is Ctrl-C from the first instruction on: what is imported below takes a while.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        from edgekit.cli.app import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("\nedgekit: interrupted before anything was begun\n")
        status = INTERRUPTED
    sys.exit(status)
