"""Where the workers and the recipes lie: at the root of a checkout, inside the package of a wheel."""

from pathlib import Path

from edgekit.errors import AbsentError

PACKAGE = Path(__file__).resolve().parent


def bundled_folder(name: str) -> Path:
    """The folder `converters` or `recipes`. Raises AbsentError where the installation is incomplete."""
    for folder in (PACKAGE / "bundled" / name, PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise AbsentError(f"this installation of edgekit lacks its folder {name}/", "Install edgekit again.")
