"""Where an artifact comes from, as a model's page shows it: hashes, versions, and the commands that make it again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgekit.artifact.load import is_signed
from edgekit.artifact.origin import convert_command
from edgekit.artifact.owned import RANGES
from edgekit.artifact.ranges import read_layers_ranges
from edgekit.quantities.sizes import readable_size
from edgekit.untrusted.wording import harmless

if TYPE_CHECKING:
    from edgekit.artifact.load import Artifact
    from edgekit.artifact.manifest import Manifest


NAME = 60
"""The longest name of a layer that is shown whole."""


@dataclass(frozen=True)
class ArtifactView:
    """One artifact: `facts` are titles with texts, `files` names with sizes and hashes, `stages` what led here."""

    title: str
    facts: list[tuple[str, str]]
    files: list[tuple[str, str, str]]
    stages: list[tuple[str, str, str, str]]
    rewrites: list[tuple[str, int, str, str]]
    command: str


def artifact_view(artifact: "Artifact") -> ArtifactView:
    """One artifact."""
    manifest = artifact.manifest
    return ArtifactView(
        title=f"{manifest.target}, {manifest.precision.upper()}, batch {manifest.batch}",
        facts=[*facts(manifest, signed=is_signed(artifact.folder)), *ranges_facts(artifact)],
        files=[(name, readable_size(record.bytes), record.sha256) for name, record in manifest.named_files.items()],
        stages=[
            (
                one.stage.removesuffix(".py"),
                ", ".join(f"{tool} {version}" for tool, version in one.tools.items()),
                f"{one.seconds:.1f} s",
                one.key,
            )
            for one in manifest.stages
        ],
        rewrites=[(one.name, one.applied, one.of, "; ".join(one.refused)) for one in manifest.rewrites if one.applied],
        command=convert_command(manifest),
    )


def ranges_facts(artifact: "Artifact") -> list[tuple[str, str]]:
    """What `ranges.json` says of the layers in a line; nothing where there is none."""
    if RANGES not in artifact.manifest.ranges:
        return []
    document = read_layers_ranges(artifact.folder / RANGES)
    on = f"{document.golden.samples} golden inputs"
    if document.calibration is not None:
        on += f" and {document.calibration.samples} photos of the calibration"
    held = [one for one in document.layers if not one.folded]
    reached = [(magnitude, one.name) for one in held if (magnitude := one.magnitude) is not None]
    most = f"; the largest magnitude is {max(reached)[0]:.3g}, of {harmless(max(reached)[1], NAME)}" if reached else ""
    dead = sum(one.dead > 0 for one in held)
    return [("Layers", f"{len(held)} on {on} in {RANGES}{most}; {dead} have channels that never change")]


def facts(manifest: "Manifest", *, signed: bool) -> list[tuple[str, str]]:
    """What is to be said of an artifact besides its files."""
    weights = manifest.weights
    # Synthetic ones are made by their number, and have no file.
    said = [("Weights", ", ".join(filter(None, (weights.spec, weights.sha256 and f"SHA-256 {weights.sha256}"))))]
    said.append(("Written by", f"edgekit {manifest.edgekit}, manifest schema {manifest.schema}"))
    for kind, specs in (("Input", manifest.inputs), ("Output", manifest.outputs)):
        said += [(kind, f"{one.target_name}: {one.dtype} {list(one.shape)}, {one.kind}") for one in specs]
    if manifest.embedded_preprocessing:
        said.append(("Takes", "uint8 photos, resized and cropped; the rest of the preprocessing is in the model"))
    if manifest.recipe is not None:
        said.append(("Recipe", f"{manifest.recipe.file}, SHA-256 {manifest.recipe.sha256}"))
    if (configuration := manifest.configuration) is not None and configuration.file is not None:
        said.append(("Configuration", f"{configuration.file} ({configuration.form}), SHA-256 {configuration.sha256}"))
    if (calibration := manifest.calibration) is not None:
        said.append(
            ("Calibration", f"{len(calibration.photos)} photos of {calibration.source}, {calibration.samples_sha256}")
        )
    for title, values in (("Build", manifest.build), ("Settings", manifest.settings)):
        if values:
            said.append((title, ", ".join(f"{name} {value}" for name, value in values.items())))
    said.append(("Signature", "there is one, which this page does not check" if signed else "none"))
    return said
