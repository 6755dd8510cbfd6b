"""The artifacts that a command's arguments mean."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.artifact.conversion_command import Wanted, conversion_of
from edgekit.errors import AbsentError, UsageError

if TYPE_CHECKING:
    from minisign import PublicKey

    from edgekit.artifact.load import Artifact

ANY = Wanted()


def named_artifacts(names: list[str], out: Path, wanted: Wanted = ANY) -> list["Artifact"]:
    """The artifacts meant by models' names or folders; those in `out` where nothing is named.

    `wanted` is what an error says to convert. Raises AbsentError where there is none, UsageError for an unknown model
    or a damaged artifact.
    """
    from edgekit.artifact.load import load_artifact

    return [load_artifact(folder) for folder in named_folders(names, out, wanted)]


def described_artifacts(names: list[str], out: Path, wanted: Wanted = ANY) -> list["Artifact"]:
    """Those of `named_artifacts`, as their manifests alone describe them: to choose from, before any file is read."""
    from edgekit.artifact.load import Artifact, read_manifest

    return [Artifact(folder, read_manifest(folder)) for folder in named_folders(names, out, wanted)]


def approved_choice(name: str, out: Path, wanted: Wanted, key: "PublicKey | None") -> list["Artifact"]:
    """What `chosen_artifacts` chooses of the artifacts meant by `name`, signed with `key` where there is one.

    Of what is not chosen no file is read, and of what is not signed none either.
    """
    from edgekit.signing.approved import approved_artifact

    chosen = chosen_artifacts(described_artifacts([name], out, wanted), wanted, name)
    return [approved_artifact(one.folder, key, {}) for one in chosen]


def split_name(text: str) -> tuple[str, str]:
    """Of `NAME=ARTIFACT` both; of `ARTIFACT` an empty name and it."""
    name, equals, what = text.partition("=")
    # A folder may have the sign in its name.
    return (name, what) if equals and "/" not in name else ("", text)


def named_folders(names: list[str], out: Path, wanted: Wanted = ANY) -> list[Path]:
    """The folders of the artifacts meant. Raises AbsentError where there is none, UsageError for an unknown model."""
    from edgekit.artifact.load import find_artifacts
    from edgekit.artifact.manifest import FILE
    from edgekit.catalog import load_catalog

    folders: list[Path] = []
    for name in names:
        path = Path(name)
        if (path / FILE).exists():
            folders.append(path)
            continue
        found = find_artifacts(path) if path.is_dir() and "/" in name else []
        # A model from a folder is known by its artifacts alone.
        known = found or (path.name == name and find_artifacts(out, name))
        if not known and path.is_dir() and not load_catalog().knows(name):
            raise AbsentError(
                f"the folder {name} holds no artifact",
                f"If it is a model, run `{replace(wanted, verified=True).command([name], out)}`, and name what that "
                "writes.",
            )
        model = name if known else load_catalog().find(name).name
        found = found or find_artifacts(out, model)
        if not found:
            raise AbsentError(f"{out} holds no artifact of {model}", f"Run `{wanted.command([model], out)}` first.")
        folders += found
    if not names:
        folders = find_artifacts(out)
        if not folders:
            raise AbsentError(f"{out} holds no artifacts", f"Run `{wanted.command(['MODEL'], out)}` first.")
    return list(dict.fromkeys(folders))


def chosen_artifacts(artifacts: list["Artifact"], asked: Wanted, model: str) -> list["Artifact"]:
    """Those asked for by targets, or by what tables call an artifact, `onnx-int8`; without either the first that has
    passed, else the first.

    Raises UsageError for an unknown target, AbsentError where the model is not converted to it.
    """
    from edgekit.pipeline.target import select_targets, targets
    from edgekit.predict import label

    target = asked.target
    if target is None:
        proved = [one for one in artifacts if any(found.verdict.passed for found in one.manifest.verdicts)]
        return (proved or artifacts)[:1]
    names = [name.strip().lower() for name in target.split(",") if name.strip()]
    everything = "all" in names
    # A target's own name means it in every precision.
    by_label = {label(one) for one in artifacts if label(one) in names and label(one) not in targets()}
    others = ",".join(name for name in names if name not in by_label)
    wanted = set(targets()) if everything else {one.name for one in select_targets(others)} if others else set()
    if not names:
        select_targets(target)  # which says that nothing is named
    chosen = [one for one in artifacts if one.manifest.target in wanted or label(one) in by_label]
    missing = [] if everything else sorted(wanted - {one.manifest.target for one in chosen})
    if missing:
        raise AbsentError(
            f"{model} is not converted to {', '.join(missing)}",
            f"Run `{conversion_of(artifacts[0], replace(asked, target=','.join(missing)))}` first.",
        )
    if len({one.manifest.model.name for one in chosen}) > 1:
        raise UsageError(f"{model} holds artifacts of several models", "Name one model, or one artifact's folder.")
    return chosen
