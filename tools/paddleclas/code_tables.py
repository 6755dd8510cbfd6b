"""What PaddleClas's own code says of its backbones: names, files, addresses of weights. Read, never imported."""

import ast
from dataclasses import dataclass
from pathlib import Path

BACKBONES = Path("ppcls/arch/backbone")


@dataclass(frozen=True)
class Backbone:
    """A name that `ppcls.arch.backbone` exports: the file that defines it, and the address of its weights."""

    name: str
    module: str  # dotted, below ppcls.arch.backbone
    url: str | None


def backbones(package: Path) -> list[Backbone]:
    """Every backbone of the installed `package` (the folder `paddleclas`), in PaddleClas's order."""
    folder = package / BACKBONES
    tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    found = {
        alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    urls = {module: model_urls(folder.joinpath(*module.split(".")).with_suffix(".py")) for module in found.values()}
    return [Backbone(name, module, urls[module].get(name)) for name, module in found.items()]


def model_urls(path: Path) -> dict[str, str]:
    """The literal tables of addresses (`MODEL_URLS` and the like) in a file, joined."""
    urls: dict[str, str] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if any(name.startswith("MODEL_URLS") for name in names):
                urls |= ast.literal_eval(node.value)
    return {name: url for name, url in urls.items() if isinstance(url, str) and url.startswith("http")}
