"""Makes edgekit's own package importable here: the code of its commands prepares photos and judges outputs."""

import sys
from importlib import util
from pathlib import Path


def import_from(package: Path) -> None:
    """Let `import edgekit` mean the package in a folder, and nothing else that lies beside it.

    What is imported of it needs numpy, msgspec and Pillow alone.
    """
    spec = util.spec_from_file_location("edgekit", package / "__init__.py", submodule_search_locations=[str(package)])
    assert spec is not None and spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules["edgekit"] = module
    spec.loader.exec_module(module)
