"""Loads the catalog and finds models in it by name."""

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from edgekit.catalog.model import Architecture, Model
from edgekit.catalog.published import load_published
from edgekit.errors import UsageError

DATA = Path(__file__).parent
# What to do with a network that PaddleClas does not have, or that has changed.
OWN_MODEL = (
    "`edgekit models --search TEXT` looks through all. A model of your own goes by its folder: export it with "
    "`python tools/export_model.py -c CONFIG.yaml -o Global.pretrained_model=WEIGHTS` of PaddleClas, or "
    '`paddle.jit.save(network, "folder/inference", input_spec=[...])`, then `edgekit convert folder --target all`'
)

# Files of other frameworks, which people try first; by their endings.
FOREIGN = {
    ".onnx": "ONNX",
    ".pt": "PyTorch",
    ".pth": "PyTorch",
    ".tflite": "TensorFlow Lite",
    ".h5": "Keras",
    ".keras": "Keras",
    ".mlmodel": "Core ML",
}
FROM_ELSEWHERE = "docs/guides/from_pytorch.md says how a network gets into Paddle"


@dataclass(frozen=True)
class Catalog:
    """The models edgekit knows, in the catalog's order: 47 documented ones, and every other backbone of PaddleClas."""

    models: tuple[Model, ...]

    @cached_property
    def backbones(self) -> tuple[Model, ...]:
        """The other backbones. They are read when they are first asked for: most commands name a documented model."""
        from edgekit.catalog.backbones import load_backbones

        return load_backbones()

    @property
    def all_models(self) -> tuple[Model, ...]:
        """The documented models, then the others."""
        return self.models + self.backbones

    @property
    def families(self) -> tuple[str, ...]:
        """The documented families' names, in the catalog's order."""
        return tuple(dict.fromkeys(model.family for model in self.models))

    @property
    def all_families(self) -> tuple[str, ...]:
        """The names of all families, the documented ones first."""
        return tuple(dict.fromkeys(model.family for model in self.all_models))

    @cached_property
    def _documented(self) -> dict[str, Model]:
        return {_key(model.name): model for model in self.models}

    @cached_property
    def _by_key(self) -> dict[str, Model]:
        others = {_key(model.name): model for model in self.backbones}
        # PaddleClas calls its tasks without PULC before them.
        tasks = {_key(model.name.removeprefix("PULC_")): model for model in self.backbones if model.family == "PULC"}
        return tasks | others | self._documented

    def find(self, name: str) -> Model:
        """Return the model of that name; case, `-`, `_` and blanks do not matter.

        Raises UsageError with the nearest names, and what a model of one's own needs, when there is none.
        """
        key = _key(name)
        model = self._documented.get(key) or self._by_key.get(key)
        if model is None:
            if (whose := FOREIGN.get(Path(name).suffix.lower())) is not None:
                raise UsageError(f"{name} is a file of {whose}, and edgekit reads only Paddle's models", FROM_ELSEWHERE)
            near = ", ".join(dict.fromkeys(self._by_key[key].name for key in _near(key, list(self._by_key))))
            hint = f"Did you mean {near}? " if near else ""
            raise UsageError(f'there is no model named "{name}"', f"{hint}{OWN_MODEL}")
        return model

    def knows(self, name: str) -> bool:
        """Whether there is a model of that name."""
        return _key(name) in self._documented or _key(name) in self._by_key

    def family(self, name: str) -> tuple[Model, ...]:
        """Return the models of one family, the documented ones first; case does not matter.

        Raises UsageError that lists the families when there is none of that name.
        """
        families = self.all_families
        wanted = {_key(family): family for family in families}.get(_key(name))
        if wanted is None:
            raise UsageError(f'there is no family named "{name}"', f"The families are {', '.join(families)}")
        return tuple(model for model in self.all_models if model.family == wanted)

    def search(self, text: str) -> tuple[Model, ...]:
        """The models whose name or family holds `text`; case, `-`, `_` and blanks do not matter."""
        wanted = _key(text)
        return tuple(m for m in self.all_models if wanted in _key(m.name) or wanted in _key(m.family))


def load_catalog() -> Catalog:
    """Read the documented models' data files (some milliseconds)."""
    return Catalog(documented_models())


def documented_models() -> tuple[Model, ...]:
    """The 47 models that docs/support.md has all of."""
    architectures = {name: _architecture(name, table) for name, table in _toml("architectures.toml").items()}
    published = load_published()
    return tuple(
        Model(
            name=entry["name"],
            family=entry["family"],
            architecture=architectures[entry["architecture"]],
            input_size=entry["input_size"],
            resize_short=entry["resize_short"],
            official_url=entry["official_url"],
            url_source=entry["url_source"],
            url_note=entry.get("url_note"),
            demo_weights=entry.get("demo_weights", False),
            published=published[entry["name"]],
        )
        for entry in _toml("models.toml")["models"]
    )


def _toml(name: str) -> dict[str, Any]:
    with (DATA / name).open("rb") as file:
        return tomllib.load(file)


def _architecture(name: str, table: dict[str, Any]) -> Architecture:
    return Architecture(
        name=name,
        family=table["family"],
        module=table["module"],
        factory=table["factory"],
        head=table["head"],
        arguments=table.get("arguments", {}),
        global_pool=table.get("global_pool"),
        sides_multiple_of=table.get("sides_multiple_of", 1),
        parameters=table.get("parameters"),
    )


def _key(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "").replace(" ", "")


def _near(key: str, keys: list[str]) -> list[str]:
    from difflib import get_close_matches  # only an unknown name pays for it

    return get_close_matches(key, keys, n=3, cutoff=0.6)
