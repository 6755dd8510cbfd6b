"""Options that were given twice, of which the parser would take the last without a word."""

from typing import Any

from edgekit.cli.usual_command import USUAL
from edgekit.errors import UsageError


def refuse_repeated(command: Any, arguments: list[str]) -> None:
    """Raise UsageError where an option that takes one value stands twice among the arguments of `command`."""
    words = iter(arguments)
    while (inner := getattr(command, "commands", None)) is not None:
        usual = inner.get(USUAL)
        word = next(words, None)
        if word is None:
            return
        if word in inner:
            command = inner[word]
        elif usual is not None:
            command, words = usual, iter([word, *words])
        else:  # an option of the group, or what the parser will complain about
            return
    single = {name: one for one in command.params for name in one.opts if takes_one(one)}
    seen: set[str] = set()
    for word in words:
        if word == "--":
            return
        name, equals, _ = word.partition("=")
        option = single.get(name)
        if option is None:
            continue
        if not equals:
            next(words, None)  # its value
        if option.name in seen:
            several = f" Several go with commas, as in {name} A,B." if "comma" in (option.help or "") else ""
            raise UsageError(f"{name} is given twice", f"Give it once.{several}")
        seen.add(option.name)


def takes_one(parameter: Any) -> bool:
    """Whether a parameter is an option with one value."""
    return parameter.param_type_name == "option" and not (parameter.is_flag or parameter.multiple or parameter.count)
