"""The models that a server has, by name and version."""

from collections.abc import Sequence
from typing import Any, Protocol

from inference import InferRequest, Tensor, shown
from model import Model, TensorMetadata
from photos import PhotoModel
from problems import UNKNOWN, Problem


class Answering(Protocol):
    """A model as the protocols see it."""

    name: str
    version: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]
    parameters: dict[str, Any]

    @property
    def platform(self) -> str:
        """The runtime."""
        ...

    @property
    def ready(self) -> bool:
        """Whether it answers."""
        ...

    @property
    def unready(self) -> str:
        """Why it does not."""
        ...

    @property
    def measures(self) -> Any:
        """What is measured of it."""
        ...

    async def infer(self, request: InferRequest) -> list[Tensor]:
        """The outputs of a request."""
        ...


class Repository:
    """Without a version, a name means the version that was named first."""

    def __init__(self, models: Sequence[Model], photo_suffix: str) -> None:
        self.models = list(models)
        self._versions: dict[str, dict[str, Answering]] = {}
        for one in (*self.models, *(PhotoModel(model, photo_suffix) for model in self.models)):
            self._versions.setdefault(one.name, {})[one.version] = one
        self.stopping = False

    @property
    def ready(self) -> bool:
        """Whether every model answers, and the server is not about to end."""
        return not self.stopping and all(model.ready for model in self.models)

    def find(self, name: str, version: str = "") -> Answering:
        """A model. Raises Problem where there is none."""
        if name not in self._versions:
            raise Problem(f"there is no model {shown(name)}; there are {', '.join(self._versions)}", UNKNOWN)
        versions = self._versions[name]
        if not version:
            return next(iter(versions.values()))
        if version not in versions:
            raise Problem(f"{name} has no version {shown(version)}; it has {', '.join(versions)}", UNKNOWN)
        return versions[version]

    def versions(self, name: str) -> list[str]:
        """The versions of a model."""
        return list(self._versions[name])

    def all(self) -> list[Answering]:
        """Every version of every model."""
        return [one for versions in self._versions.values() for one in versions.values()]
