"""A command with `merge` beside it: `edgekit evaluate MODEL` and `edgekit evaluate merge`, the first without a name."""

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

MERGE, USUAL = "merge", "usual"


class UsualUnlessMerge(TyperGroup):
    """What does not begin with `merge` is the arguments of the command that is registered as `USUAL`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """What is no command begins the arguments of the usual one."""
        if not args or args[0] != MERGE:
            args = [USUAL, *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The usual command keeps the group's name in its help and its errors."""
        name, command, rest = super().resolve_command(ctx, args)
        return (None if name == USUAL else name), command, rest


class OneNameContext(typer.Context):
    """Of the usual command, which is called as its group is."""

    @property
    def command_path(self) -> str:
        """What was typed before the arguments."""
        return super().command_path.strip()


class UsualCommand(TyperCommand):
    """The usual command."""

    context_class = OneNameContext
