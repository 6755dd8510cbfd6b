"""Text from a file that is not trusted, made fit for a terminal."""


def harmless(text: str) -> str:
    """Return `text` on one line, without the control characters that could repaint the screen."""
    return "".join(character if character.isprintable() else "?" for character in text)
