"""The command that makes artifacts which another command lacks: what an error names can be pasted, and then it runs."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

if TYPE_CHECKING:
    from edgekit.artifact.load import Artifact
    from edgekit.artifact.manifest import Manifest

DEFAULT_OUT = Path("artifacts")
"""Where artifacts go, and are looked for, where nothing is said."""


@dataclass(frozen=True)
class Wanted:
    """What a command asks of a model: targets as they are typed, or labels such as `onnx-int8`, and a precision; both
    None where none is said. `verified`: whether the command refuses what is not."""

    target: str | None = None
    precision: str | None = None
    verified: bool = False

    def command(self, model: Sequence[str], out: Path) -> str:
        """What converts a model into `out`, quoted for a shell; `model` are the words that name it to `convert`.

        Raises UsageError for an unknown target.
        """
        target, precision = self._parts()
        with_precision = ["--precision", precision] if precision not in (None, "fp32") else []
        verify = ["--verify"] if self.verified else []
        return shlex.join(["edgekit", "convert", *model, "--target", target, *with_precision, *out_words(out), *verify])

    def _parts(self) -> tuple[str, str | None]:
        """The value of `--target`, and that of `--precision`: one command makes one precision, the first one named."""
        from edgekit.pipeline.target import select_targets, targets

        names = [name.strip().lower() for name in (self.target or "all").split(",") if name.strip()]
        parted = [_label(name, list(targets())) for name in names]
        precision = self.precision or (parted[0][1] if parted else None)
        wanted = [target for target, its in parted if self.precision is not None or its == precision]
        select_targets(",".join(wanted))
        return ",".join(dict.fromkeys(wanted)), precision


def _label(name: str, known: list[str]) -> tuple[str, str | None]:
    """Of `onnx-int8` the target and the precision; of every other name itself, and none."""
    from edgekit.parity.verdict import Precision

    target, _, precision = name.partition("-")
    return (target, precision) if target in known and precision in get_args(Precision) else (name, None)


def out_words(out: Path) -> list[str]:
    """The flag for a folder of artifacts as it is typed; nothing for the usual one."""
    return [] if out == DEFAULT_OUT else ["--out", str(out)]


def conversion_of(artifact: "Artifact", wanted: Wanted) -> str:
    """What converts an artifact's model as `wanted`, beside that artifact."""
    return wanted.command(model_words(artifact.manifest), out_of(artifact))


def model_words(manifest: "Manifest") -> list[str]:
    """What names an artifact's model with its weights to `convert`; where they are PaddleClas's own, its name alone."""
    weights = manifest.weights
    if weights.kind == "program":
        return [weights.spec, "--name", manifest.model.name]
    prefix = [] if weights.prefix is None else ["--weights-prefix", weights.prefix]
    return [manifest.model.name, *([] if weights.kind == "official" else ["--weights", weights.spec]), *prefix]


def out_of(artifact: "Artifact") -> Path:
    """The folder that an artifact's model was converted into; the usual one where the artifact lies by itself."""
    above = artifact.folder.parent
    return above.parent if above.name == artifact.manifest.model.name else DEFAULT_OUT
