"""From what the user writes after `--weights` to tensors that the export can load."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edgekit.cache.kept import Kept, Notify, kept
from edgekit.catalog.catalog import FOREIGN, FROM_ELSEWHERE
from edgekit.errors import AbsentError, UsageError
from edgekit.filesystem.hashes_by_stat import remembered_sha256
from edgekit.untrusted.files import resolved

if TYPE_CHECKING:
    from edgekit.catalog.model import Model
    from edgekit.weights.download import Progress

Kind = Literal["official", "demo", "file", "synthetic", "program"]

ENDINGS = (".pdparams", ".safetensors")
_WAYS = "auto, official, demo, synthetic[:SEED], or the path of a .pdparams or .safetensors file"
_SEED_LIMIT = 2**31 - 1  # what every random generator of the toolchains takes


@dataclass(frozen=True)
class ResolvedWeights:
    """Weights that have been found, or, synthetic ones, that the pipeline is to make."""

    kind: Kind
    spec: str  # that names them again: "official", "demo", "synthetic:0", or the path as given
    label: str  # for people: "official weights", "synthetic weights (seed 0)"
    path: Path | None  # a .safetensors file with the structured names as they are; None for synthetic weights
    sha256: str  # of the original file, in hex; empty for synthetic weights
    seed: int | None = None  # of synthetic weights
    input_size: int | None = None  # pixels, where the weights were trained at another size than the model's
    class_names: tuple[str, ...] | None = None  # where the weights have classes of their own
    warning: str | None = None  # one sentence that the user must read
    prefix: str | None = None  # what the names of a file's tensors begin with, where the user says so
    content_sha256: str = ""  # of the file at `path`, where that is not the original one


def resolve_weights(
    model: Model,
    spec: str,
    cache: Path,
    *,
    offline: bool = False,
    progress: Progress | None = None,
    prefix: str | None = None,
    notify: Notify = lambda _: None,
) -> ResolvedWeights:
    """Find the weights that `spec` names: auto, official, demo, synthetic[:SEED] or a path.

    `cache` is edgekit's cache folder; downloads and converted files lie in its `weights`. With `offline`
    nothing is downloaded. `progress(bytes, total)` follows a download. `prefix` is what the names of the tensors
    in a file begin with. `notify` is told of what was damaged in the cache. Raises UsageError for a bad value or file,
    AbsentError when the weights are not to be had, ConversionError when the disk is full.
    """
    if prefix is not None and (spec in ("auto", "official", "demo") or spec.split(":")[0] == "synthetic"):
        raise UsageError(
            f"--weights-prefix is for a file of your own, and the weights are {spec}", "Give it with --weights FILE"
        )
    if spec == "auto":
        return _auto(model, cache, offline, progress, notify)
    if spec == "official":
        return _official(model, cache, offline, progress, notify)
    if spec == "demo":
        return _demo(model)
    if spec == "synthetic" or spec.startswith("synthetic:"):
        return _synthetic(spec)
    return replace(_file(Path(spec).expanduser(), cache, notify), prefix=prefix)


def _auto(model: Model, cache: Path, offline: bool, progress: Progress | None, notify: Notify) -> ResolvedWeights:
    from edgekit.weights.official import cached_official, recent_failure

    if model.official_url is None:
        return _official(model, cache, offline, progress, notify)
    failed = None if cached_official(model, cache) else recent_failure(model, cache)
    if failed is None:
        try:
            return _official(model, cache, offline, progress, notify)
        except AbsentError as error:
            failed = error.message
    if model.demo_weights:
        return _demo(model, f"the official weights of {model.name} are not to be had: {failed}")
    raise AbsentError(
        f"the official weights of {model.name} are not to be had: {failed}",
        "Give a file with --weights PATH, or try the tools with --weights synthetic:0",
    )


def _official(model: Model, cache: Path, offline: bool, progress: Progress | None, notify: Notify) -> ResolvedWeights:
    from edgekit.weights.official import cached_official, download_official

    if model.official_url is None:
        raise AbsentError(
            f"PaddleClas publishes no weights of {model.name}",
            "Give a file with --weights PATH, or try the tools with --weights synthetic:0",
        )
    found = cached_official(model, cache, notify)
    if found is None and offline:
        raise AbsentError(
            f"the official weights of {model.name} are not in the cache, and downloads are off",
            "Allow the download once, or give a file with --weights",
        )
    path, digest = found or download_official(model, cache, progress)
    note = f"official weights of {model.name}: {model.url_note}" if model.url_note else None
    ready, known = _as_safetensors(path, digest, cache, notify)
    return ResolvedWeights(
        "official", "official", "official weights", ready, digest, warning=note, content_sha256=known.sha256
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


def _file(path: Path, cache: Path, notify: Notify) -> ResolvedWeights:
    path = _with_ending(path)
    if path.is_dir():
        raise UsageError(f"{path} is a folder, not a weights file", f"Name the file in it{_such_as(path)}")
    # The ending decides the format; the readers say so when the content is another.
    if (whose := FOREIGN.get(path.suffix.lower())) is not None:
        raise UsageError(f"{path} is a file of {whose}, not Paddle's weights", FROM_ELSEWHERE)
    if path.suffix not in ENDINGS:
        raise UsageError(f"{path} is neither a .pdparams nor a .safetensors file", f"--weights takes {_WAYS}")
    if path.suffix == ".safetensors":
        from edgekit.weights.safetensors_file import check_safetensors

        plain = check_safetensors(path)
        digest = _hash(path, cache)
        ready, known = (resolved(path), Kept(digest)) if plain else _as_safetensors(path, digest, cache, notify)
    else:
        digest = _hash(path, cache)
        ready, known = _as_safetensors(path, digest, cache, notify)
    return ResolvedWeights(
        "file",
        str(path),
        f"weights {path.name}",
        ready,
        digest,
        warning=f"{path}: {known.note}" if known.note else None,
        content_sha256=known.sha256,
    )


def _with_ending(path: Path) -> Path:
    """The file that `path` means: PaddleClas names weights without their ending, as `output/ResNet50/best_model`."""
    if path.is_file():
        return path
    beside = [found for ending in ENDINGS if (found := path.with_name(path.name + ending)).is_file()]
    if not path.name or (not beside and path.is_dir()):
        return path
    if not beside:
        raise UsageError(f"there are no weights at {path}", f"--weights takes {_WAYS}")
    if len(beside) > 1 or path.is_dir():
        several = " and ".join(map(str, [*([path] if path.is_dir() else []), *beside]))
        raise UsageError(f"{path} may be {several}", f"Name one, such as {beside[0]}")
    return beside[0]


def _such_as(folder: Path) -> str:
    """The weights in a folder, for a message; nothing where there are none."""
    found = sorted(path for ending in ENDINGS for path in folder.glob(f"*{ending}") if not path.name.startswith("."))
    return f", such as {found[0]}" if found else ""


def _hash(path: Path, cache: Path) -> str:
    try:
        return remembered_sha256(path, cache)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror or error})", "Check its permissions") from error


def _as_safetensors(path: Path, digest: str, cache: Path, notify: Notify) -> tuple[Path, Kept]:
    """The tensors of a weights file as the export takes them, in a file of the cache, with what had to be changed.

    It is made at the first call, and where it is not what was made then.
    """
    from edgekit.weights.pdparams import read_pdparams
    from edgekit.weights.prepare import for_export
    from edgekit.weights.safetensors_file import read_safetensors, write_safetensors

    def convert(converted: Path) -> str:
        if path.suffix == ".safetensors":
            tensors, widened = read_safetensors(path)
            tensors, note = for_export(tensors, path, widened)
        else:
            tensors, note = for_export(read_pdparams(path), path)
        write_safetensors(tensors, converted, {"origin": path.name, "sha256": digest, "note": note})
        return note

    converted = cache / "weights" / f"{digest}.safetensors"
    return converted, kept(converted, cache, convert, notify)
