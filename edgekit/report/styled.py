"""Words with styles, for a terminal: built as data, so that no word can be taken for a style or an escape sequence."""

from typing import TYPE_CHECKING

from edgekit.untrusted.wording import harmless

if TYPE_CHECKING:
    from rich.text import Text


def styled(*parts: str | tuple[str, str]) -> "Text":
    """One line of `parts`, each a text or (text, style). What a text holds is shown, never followed."""
    from rich.text import Text

    line = Text()
    for part in parts:
        text, style = (part, "") if isinstance(part, str) else part
        line.append(harmless(text, len(text)), style=style or None)
    return line
