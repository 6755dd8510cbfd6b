"""The command line: one file per command, which parses, calls one function and prints."""

import sys


def main() -> None:
    """Run the command line; every failure a user can meet ends in one sentence and its exit status."""
    from edgekit.cli.app import run

    sys.exit(run(sys.argv[1:]))
