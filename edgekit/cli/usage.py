"""Words what the parser of the command line complains about as every other error is worded: one sentence, a way out."""

import difflib
import re
from typing import Any

from edgekit.errors import UsageError


def usage_error(complaint: Any) -> UsageError:
    """The error that a complaint of Typer's parser becomes; `complaint` is one of its exceptions of that kind."""
    context = complaint.ctx
    help_command = f"`{context.command_path if context else 'edgekit'} -h`"
    parameter = getattr(complaint, "param", None)
    named = parameter_name(parameter) if parameter is not None else ""
    if hasattr(complaint, "possibilities"):
        near = near_options(complaint)
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        return UsageError(f"there is no option {complaint.option_name}", f"{hint}{help_command} lists the options")
    if type(complaint).__name__ == "MissingParameter":
        return UsageError(f"{named or 'an argument'} is missing", f"{help_command} shows how")
    if unknown := re.fullmatch(r"No such command '(.+?)'\.(?: Did you mean (?:one of: )?(.+)\?)?", complaint.message):
        hint = f"Did you mean {unknown[2]}? ".replace("'", "") if unknown[2] else ""
        return UsageError(f"there is no command {unknown[1]}", f"{hint}{help_command} lists the commands")
    reason = plain(complaint.message)
    return UsageError(f"{named} is impossible: {reason}" if named else reason, f"{help_command} shows how")


def near_options(complaint: Any) -> list[str]:
    """The options that a misspelt one may mean: what the parser found, else those of its command that look alike."""
    if complaint.possibilities:
        return difflib.get_close_matches(complaint.option_name, complaint.possibilities, n=2, cutoff=0) or []
    known = [name for parameter in complaint.ctx.command.params for name in parameter.opts] if complaint.ctx else []
    return difflib.get_close_matches(complaint.option_name, known, n=2, cutoff=0.6)


def parameter_name(parameter: Any) -> str:
    """An option by its longest name, an argument by what stands for it in the help."""
    if parameter.param_type_name == "option":
        return max(parameter.opts, key=len)
    return (parameter.metavar or parameter.name).strip("[]")


def plain(message: str) -> str:
    """A sentence of the parser's as one of ours: without its capital, its full stop and its prefixes."""
    message = message.removeprefix("Value error, ").rstrip(".").replace("Input should be", "it should be")
    # Two clauses say the same where a number is asked for.
    message = message.partition(", unable to parse")[0]
    first, _, rest = message.partition(". ")
    worded = (first[:1].lower() + first[1:]) if first[1:2].islower() else first
    return f"{worded}. {rest}" if rest else worded
