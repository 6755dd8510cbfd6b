"""From what the user writes after `--weights` to tensors that the export can load."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edgekit.errors import AbsentError, UsageError
from edgekit.remembered import remembered_sha256
from edgekit.weights.wording import harmless

if TYPE_CHECKING:
    from edgekit.catalog.model import Model
    from edgekit.weights.download import Progress

Kind = Literal["official", "demo", "file", "synthetic", "program"]

_WAYS = "auto, official, demo, synthetic[:SEED], or the path of a .pdparams or .safetensors file"
_SEED_LIMIT = 2**31 - 1  # what every random generator of the toolchains takes


@dataclass(frozen=True)
class ResolvedWeights:
    """Weights that have been found, or, synthetic ones, that the pipeline is to make."""

    kind: Kind
    spec: str  # that names them again: "official", "demo", "synthetic:0", or the path as given
    label: str  # for people: "official weights", "synthetic weights (seed 0)"
    path: Path | None  # a .safetensors file with PaddleClas's structured names; None for synthetic weights
    sha256: str  # of the original file, in hex; empty for synthetic weights
    seed: int | None = None  # of synthetic weights
    input_size: int | None = None  # pixels, where the weights were trained at another size than the model's
    class_names: tuple[str, ...] | None = None  # where the weights have classes of their own
    warning: str | None = None  # one sentence that the user must read


def resolve_weights(
    model: Model, spec: str, cache: Path, *, offline: bool = False, progress: Progress | None = None
) -> ResolvedWeights:
    """Find the weights that `spec` names: auto, official, demo, synthetic[:SEED] or a path.

    `cache` is edgekit's cache folder; downloads and converted files lie in its `weights`. With `offline`
    nothing is downloaded. `progress(bytes, total)` follows a download. Raises UsageError for a bad value or
    file, AbsentError when the weights are not to be had, ConversionError when the disk is full.
    """
    if spec == "auto":
        return _auto(model, cache, offline, progress)
    if spec == "official":
        return _official(model, cache, offline, progress)
    if spec == "demo":
        return _demo(model)
    if spec == "synthetic" or spec.startswith("synthetic:"):
        return _synthetic(spec)
    return _file(Path(spec).expanduser(), cache)


def _auto(model: Model, cache: Path, offline: bool, progress: Progress | None) -> ResolvedWeights:
    from edgekit.weights.official import cached_official, recent_failure

    failed = None if cached_official(model, cache) else recent_failure(model, cache)
    if failed is None:
        try:
            return _official(model, cache, offline, progress)
        except AbsentError as error:
            failed = error.message
    if model.demo_weights:
        return _demo(model, f"the official weights of {model.name} are not to be had: {failed}")
    raise AbsentError(
        f"the official weights of {model.name} are not to be had: {failed}",
        "Give a file with --weights PATH, or try the tools with --weights synthetic:0",
    )


def _official(model: Model, cache: Path, offline: bool, progress: Progress | None) -> ResolvedWeights:
    from edgekit.weights.official import cached_official, download_official

    found = cached_official(model, cache)
    if found is None and offline:
        raise AbsentError(
            f"the official weights of {model.name} are not in the cache, and downloads are off",
            "Allow the download once, or give a file with --weights",
        )
    path, digest = found or download_official(model, cache, progress)
    note = f"official weights of {model.name}: {model.url_note}" if model.url_note else None
    return ResolvedWeights(
        "official", "official", "official weights", _as_safetensors(path, digest, cache), digest, warning=note
    )


def _demo(model: Model, why: str = "") -> ResolvedWeights:
    from edgekit.weights.demo import demo_weights

    demo = demo_weights(model.name)
    if demo is None:
        raise AbsentError(
            f"edgekit has no demo weights for {model.name}", "Use --weights official, synthetic:0, or a path"
        )
    what = (
        f"demo weights ({demo.data_set}, {len(demo.class_names)} classes, {demo.input_size} px, "
        f"top-1 {demo.top1:.2%} there)"
    )
    warning = f"{why}; using edgekit's bundled {what} instead, which are not {model.name}'s published weights"
    return ResolvedWeights(
        "demo",
        "demo",
        what,
        demo.path,
        demo.sha256,
        input_size=demo.input_size,
        class_names=demo.class_names,
        warning=warning if why else None,
    )


def _synthetic(spec: str) -> ResolvedWeights:
    _, colon, text = spec.partition(":")
    if colon and not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= _SEED_LIMIT):
        raise UsageError(
            f'"{text}" is no seed for synthetic weights',
            f"Use a whole number from 0 to {_SEED_LIMIT}, as in synthetic:0",
        )
    seed = int(text) if colon else 0
    return ResolvedWeights("synthetic", f"synthetic:{seed}", f"synthetic weights (seed {seed})", None, "", seed=seed)


def _file(path: Path, cache: Path) -> ResolvedWeights:
    if not path.exists():
        raise UsageError(f"there are no weights at {path}", f"--weights takes {_WAYS}")
    # The ending decides the format; the readers say so when the content is another.
    if path.is_file() and path.suffix not in (".pdparams", ".safetensors"):
        raise UsageError(f"{path} is neither a .pdparams nor a .safetensors file", f"--weights takes {_WAYS}")
    if path.suffix == ".safetensors":
        from edgekit.weights.safetensors_file import check_safetensors

        check_safetensors(path)
        return ResolvedWeights("file", str(path), f"weights {path.name}", path.resolve(), _hash(path, cache))
    if path.is_dir():
        raise UsageError(f"{path} is a folder, not a weights file", "Name the .pdparams file in it")
    digest = _hash(path, cache)
    return ResolvedWeights("file", str(path), f"weights {path.name}", _as_safetensors(path, digest, cache), digest)


def _hash(path: Path, cache: Path) -> str:
    try:
        return remembered_sha256(path, cache)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror or error})", "Check its permissions") from error


def _as_safetensors(path: Path, digest: str, cache: Path) -> Path:
    """Return the tensors of a `.pdparams` as a safetensors file in the cache, made at the first call."""
    converted = cache / "weights" / f"{digest}.safetensors"
    if not converted.is_file():
        from edgekit.weights.pdparams import read_pdparams
        from edgekit.weights.safetensors_file import write_safetensors

        tensors = _for_export(read_pdparams(path), path)
        write_safetensors(tensors, converted, {"origin": path.name, "sha256": digest})
    return converted


def _for_export(tensors, path: Path):
    """Return the tensors as the export takes them: float64 in float32.

    Raises UsageError for NaN and infinity.
    """
    import numpy as np

    ready = {}
    for name, tensor in tensors.items():
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            raise UsageError(
                f'{path} holds NaN or infinity in "{harmless(name[:60])}"',
                "Its training has diverged or the file is damaged",
            )
        narrow = tensor.astype(np.float32) if tensor.dtype == np.float64 else tensor
        ready[name] = np.ascontiguousarray(narrow).reshape(tensor.shape)
    return ready
