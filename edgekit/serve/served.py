"""What is served: artifacts that are verified, each under a name and a version."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import VariantVerdict
from edgekit.errors import UnprovedError, UsageError
from edgekit.pipeline.target import Variant
from edgekit.predict import label, runnable
from edgekit.serve.proof import verdict_here

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")
"""What a name or a version may be: it stands in addresses, and in the labels of metrics."""
PHOTOS = "-photos"
"""A model's name with this is the same model for photos."""


@dataclass(frozen=True)
class Served:
    """An artifact under a name and a version; `variant` runs it, and `verdict` is what verification found of that."""

    name: str
    version: str
    artifact: Artifact
    variant: Variant
    verdict: VariantVerdict

    @property
    def title(self) -> str:
        """What it is called in sentences."""
        return f"{self.name} {self.version}"


def served(artifact: Artifact, name: str | None = None, version: str | None = None) -> Served:
    """An artifact to be served, under its model's name and its folder's where nothing else is said.

    Raises UsageError for a name that cannot stand in an address, for an artifact that is not verified here or has no
    golden samples, AbsentError where it does not run here, UnprovedError where its verification has failed.
    """
    name = name or re.sub(r"[^A-Za-z0-9._+-]", "_", artifact.manifest.model.name)
    version = version or label(artifact)
    for text in (name, version):
        if not _NAME.fullmatch(text):
            raise UsageError(f"{text!r} cannot be the name or version of a served model", "Use letters, digits, . _ -")
    if name.endswith(PHOTOS):
        raise UsageError(f"{name} ends in {PHOTOS}, which is what a model is called for photos", "Use another name.")
    variant = runnable(artifact)
    found = verdict_here(artifact.manifest, variant.name)
    remedy = f"Run `edgekit verify {artifact.folder}`."
    if found is None or found.verdict.status == "not run":
        raise UsageError(f"{artifact.folder} is not verified, and only what is verified is served", remedy)
    if not found.verdict.passed:
        raise UnprovedError(
            f"{artifact.folder} has failed its verification, and is not served",
            f"`edgekit diagnose {artifact.folder}` says why.",
        )
    if not artifact.manifest.golden:
        raise UsageError(f"{artifact.folder} has no golden samples, without which nothing is served", remedy)
    return Served(name, version, artifact, variant, found)


def check_distinct(models: Sequence[Served]) -> None:
    """Raise UsageError where two would answer under one name and version."""
    seen: dict[tuple[str, str], Served] = {}
    for one in models:
        if (other := seen.setdefault((one.name, one.version), one)) is not one:
            raise UsageError(
                f"{other.artifact.folder} and {one.artifact.folder} would both be {one.title}",
                f"Give one of them a version: {one.name}:2={one.artifact.folder}",
            )
