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


@dataclass(frozen=True)
class Catalog:
    """The models edgekit knows, in the catalog's order."""

    models: tuple[Model, ...]

    @property
    def families(self) -> tuple[str, ...]:
        """The families' names, in the catalog's order."""
        return tuple(dict.fromkeys(model.family for model in self.models))

    @cached_property
    def _by_key(self) -> dict[str, Model]:
        return {_key(model.name): model for model in self.models}

    def find(self, name: str) -> Model:
        """Return the model of that name; case, `-`, `_` and blanks do not matter.

        Raises UsageError with the nearest names when there is none.
        """
        model = self._by_key.get(_key(name))
        if model is None:
            near = ", ".join(self._by_key[key].name for key in _near(_key(name), list(self._by_key)))
            hint = f"Did you mean {near}? " if near else ""
            raise UsageError(
                f'there is no model named "{name}"', f"{hint}`edgekit models` lists all {len(self.models)}"
            )
        return model

    def knows(self, name: str) -> bool:
        """Whether there is a model of that name."""
        return _key(name) in self._by_key

    def family(self, name: str) -> tuple[Model, ...]:
        """Return the models of one family; case does not matter.

        Raises UsageError that lists the families when there is none of that name.
        """
        wanted = {_key(family): family for family in self.families}.get(_key(name))
        if wanted is None:
            raise UsageError(f'there is no family named "{name}"', f"The families are {', '.join(self.families)}")
        return tuple(model for model in self.models if model.family == wanted)


def load_catalog() -> Catalog:
    """Read the catalog's data files (some milliseconds)."""
    architectures = {name: _architecture(name, table) for name, table in _toml("architectures.toml").items()}
    published = load_published()
    return Catalog(
        tuple(
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
        parameters=table.get("parameters"),
    )


def _key(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "").replace(" ", "")


def _near(key: str, keys: list[str]) -> list[str]:
    from difflib import get_close_matches  # only an unknown name pays for it

    return get_close_matches(key, keys, n=3, cutoff=0.6)
