"""Which files of an artifact an app gets, and whether it may have them: verified, and of a target that it runs."""

from dataclasses import dataclass
from pathlib import Path

from edgekit.artifact.conversion_command import Wanted, conversion_of
from edgekit.artifact.load import Artifact, is_signed
from edgekit.artifact.manifest import FILE, SIGNATURE, Manifest
from edgekit.errors import UnprovedError, UsageError
from edgekit.pipeline.target import targets
from edgekit.predict import check_kind
from edgekit.untrusted.files import resolved

APP_TARGETS = ("ncnn", "lite")
"""What the app has a runtime for."""
APP_PRECISIONS = ("fp32", "fp16")
"""What that runtime computes in: it refuses to load others (runtime/backends)."""
PHONES = "aarch64"
"""The instruction set of the phones that the app is for; its build for x86-64 runs on emulators."""
VARIANTS = {"lite": "ARM"}
"""The variant that a phone runs, of targets that have several."""
SPARES = {"lite": ("model.x86.nb",)}
"""Roles of files that stay here: the runtime on a phone knows that it needs none of them (runtime/backends)."""
# Android's packager leaves out folders that begin so.
_LEFT_OUT = ("_", ".")


@dataclass(frozen=True)
class Chosen:
    """One artifact for the app: its folder there, its title on the screen, and the files that travel."""

    artifact: Artifact
    folder: str
    title: str
    files: dict[str, Path]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(path.stat().st_size for path in self.files.values())


def chosen(artifact: Artifact) -> Chosen:
    """What of an artifact an app gets.

    Raises UsageError where it is not of a target or a precision that the app runs or was not verified, UnprovedError
    where it was, and failed.
    """
    manifest = artifact.manifest
    if manifest.target not in APP_TARGETS:
        raise UsageError(
            f"{artifact.folder} is of {manifest.target}, and the app runs {' and '.join(APP_TARGETS)}",
            f"Convert it: `{conversion_of(artifact, Wanted(','.join(APP_TARGETS), verified=True))}`.",
        )
    if manifest.precision not in APP_PRECISIONS:
        raise UsageError(
            f"{artifact.folder} is {manifest.precision.upper()}, and the app takes FP32 and FP16",
            f"Export another: `{conversion_of(artifact, Wanted(manifest.target, verified=True))}`.",
        )
    check_kind(manifest)
    check_verified(artifact)
    name = manifest.model.name
    if name.startswith(_LEFT_OUT):
        raise UsageError(
            f"{name} begins with {name[0]}, and Android leaves such folders out", "Convert it with another --name."
        )
    variant = "-embedded" if manifest.embedded_preprocessing else ""
    suffix = "" if manifest.precision == "fp32" else f"-{manifest.precision}"
    files = {
        file: artifact.folder / file
        for file, record in manifest.named_files.items()
        if record.role not in SPARES.get(manifest.target, ())
    }
    files[FILE] = artifact.folder / FILE
    if is_signed(artifact.folder):
        files[SIGNATURE] = artifact.folder / SIGNATURE
    return Chosen(artifact, f"{name}/{manifest.target}{suffix}{variant}", title_of(manifest), files)


def title_of(manifest: Manifest) -> str:
    """What the app's list calls it: `MixNet_S · ncnn FP32`."""
    embedded = ", 8-bit input" if manifest.embedded_preprocessing else ""
    runtime = targets()[manifest.target].description.title
    return f"{manifest.model.name} · {runtime} {manifest.precision.upper()}{embedded}"


def check_verified(artifact: Artifact) -> None:
    """Raise UsageError where an artifact was not verified, UnprovedError where what a phone would run failed.

    Paddle Lite's file for ARM runs nowhere here: it counts as verified where its inspection found it to be the twin of
    a file that passed. The golden samples must be there: the app's self-test needs them.
    """
    manifest, folder = artifact.manifest, resolved(artifact.folder)
    again = f"Run `edgekit verify {artifact.folder}`."
    verdicts = [one for one in manifest.verdicts if one.verdict.precision == manifest.precision]
    if failed := [one for one in verdicts if one.verdict.status == "failed"]:
        on = f" {failed[0].variant}" if failed[0].variant else ""
        raise UnprovedError(f"{folder}{on} failed its verification: {failed[0].verdict.reason}", again)
    wanted = VARIANTS.get(manifest.target, "")
    own = [one for one in verdicts if one.variant == wanted]
    passed = [one for one in verdicts if one.verdict.passed]
    inspected = any(one.inspection for one in own)
    if not (any(one in passed for one in own) or (inspected and passed)):
        raise UsageError(f"{folder} has not been verified, and an app shows no model that is not", again)
    if not manifest.golden:
        raise UsageError(f"{folder} has no golden samples, which the app's self-test needs", again)
