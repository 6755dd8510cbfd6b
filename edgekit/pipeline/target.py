"""The targets: one folder under `converters/` each, described by its `target.toml`."""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, convert, to_builtins
from msgspec.structs import replace

from edgekit.bundled import bundled_folder
from edgekit.devices.remote_machine import AnyMachine, RemoteMachine
from edgekit.errors import UsageError
from edgekit.parity.verdict import Precision
from edgekit.toolchain.device import NAMES, Need, find_device


class WithLibrary(Struct, frozen=True, forbid_unknown_fields=True):
    """How a variant is run where the user has the runtime that no package holds.

    `worker` runs it on this machine with programs that are built for one of the instruction sets `emulated`, as
    `Stage.hosted` has it.
    """

    worker: str
    emulated: tuple[str, ...]


class Variant(Struct, frozen=True, forbid_unknown_fields=True):
    """One way to check a target's files: `worker` runs them, or inspects them where `not_run` says why not.

    `inputs` maps the worker's roles to the converter's file names. `name` is empty where there is only one.
    Where the device that `needs` names is not here, `inspector` takes the worker's place. `only` says which
    artifacts it is for, by what their converters said of the build; all of them where it is empty. `stored` maps the
    roles of `parameters.py` to the files whose parameters are the variant's, where they are not its `inputs`.
    `emulated` names the instruction sets besides this machine's on which the worker runs. `library` says how it is run
    where the user has what is missing for it. `runner` names the instruction sets for which edgekit's own runner is
    built, to run it on devices that are reached. `hosted` says that programs run it, by one of these two.
    """

    name: str
    worker: str
    inputs: dict[str, str]
    not_run: str | None = None
    needs: Need | None = None
    inspector: str | None = None
    only: dict[str, str] = {}
    stored: dict[str, str] = {}
    emulated: tuple[str, ...] = ()
    library: WithLibrary | None = None
    runner: tuple[str, ...] = ()
    hosted: bool = False
    twin_in: tuple[Precision, ...] = ()
    """Precisions in which its file stays in FP32, to be compared with: nothing is evaluated with it then."""
    simulated_in: tuple[Precision, ...] = ()
    """Precisions in which its file computes another's numbers in FP32: it is evaluated, and its time means nothing."""

    def untimed(self, precision: Precision) -> str:
        """Why no time of it says how fast an artifact of that precision is; empty where one does."""
        if self.not_run:
            return self.not_run
        beside = precision in (*self.twin_in, *self.simulated_in)
        return (
            "its file for this machine computes in FP32 beside the one for devices, in another time" if beside else ""
        )

    def with_library(self, machine: AnyMachine | None) -> "Variant":
        """The variant on a machine where the user has the library that it lacks."""
        if self.library is None or machine is None or machine.architecture.name not in self.library.emulated:
            return self
        return replace(self, worker=self.library.worker, not_run=None, emulated=self.library.emulated, hosted=True)

    def by_runner(self, machine: RemoteMachine) -> "Variant":
        """The variant on a device that is reached: edgekit's runner runs it, where one can be built for the device."""
        able = machine.architecture.name in self.runner
        return replace(self, emulated=(machine.architecture.name,) if able else (), hosted=able)

    def here(self, build: Mapping[str, Any]) -> "Variant":
        """The variant as this machine can do it on an artifact whose converter said `build` of it.

        What needs a device that is absent, or is not one that the artifact was built for, becomes an inspection.
        """
        if self.needs is None:
            return self
        device = find_device(self.needs)
        built_for = build.get("compute_capabilities")
        if device is None:
            reason = f"needs {NAMES[self.needs]}"
        elif built_for and device.compute_capability not in built_for:
            reason = (
                f"needs {NAMES[self.needs]} of {', '.join(built_for)}; {device.name} is {device.compute_capability}"
            )
        else:
            return self
        assert self.inspector is not None  # checked when the description is read
        return replace(self, worker=self.inspector, not_run=reason, needs=None, inspector=None)

    def covers(self, build: Mapping[str, Any]) -> bool:
        """Whether it is for an artifact whose converter said `build` of it."""
        return all(build.get(key) == value for key, value in self.only.items())


class Flag(Struct, frozen=True, forbid_unknown_fields=True):
    """A flag of `edgekit convert` that a target takes, as a list of `values`; `default` where it is not given.

    A `single` one takes one value.
    """

    values: tuple[str, ...]
    default: tuple[str, ...]
    single: bool = False


class Native(Struct, frozen=True, forbid_unknown_fields=True):
    """A worker that converts in place of `convert.py` where a device is here, unless the flag `unless` is given.

    It gets the device in the option `device`.
    """

    needs: Need
    worker: str
    unless: str


class Lowered(Struct, frozen=True, forbid_unknown_fields=True):
    """How a precision is made of the files that were converted in FP32: by `worker`, a path below `converters/`.

    `calibrated`: it reads prepared photos, from which the ranges of activations are, and leaves a record of what it
    chose (`quantisation.safetensors`), which `parameters.py` compares with what an artifact stores. `ranker` measures
    what each layer costs, of the FP32 files, the lowered ones and the photos. `options` are the worker's, which a
    recipe may change. `cut_off_cure` says what helps where sums are cut off on x86 without VNNI.
    """

    worker: str
    calibrated: bool = False
    ranker: str | None = None
    options: dict[str, bool | int | str] = {}
    cut_off_cure: str = ""


class Paddle3(Struct, frozen=True, forbid_unknown_fields=True):
    """How a target takes a Paddle 3 program, where it does not take it as one of Paddle 2.

    By another `worker` (a path below `converters/`), from another `source`, from what the worker `through` makes of
    the program first, or not at all: `refusal` says why, and `remedy` what to do.
    """

    worker: str | None = None
    source: str | None = None
    through: str | None = None
    refusal: str | None = None
    remedy: str = ""


class Setting(Struct, frozen=True, forbid_unknown_fields=True):
    """Options of a target's runtime that `edgekit bench --tune` tries, and what they do, in words."""

    options: dict[str, bool | int | str]
    about: str


class Description(Struct, frozen=True, forbid_unknown_fields=True):
    """What a `target.toml` says.

    `source` is what the converter reads: `program`, or the name of another target; `otherwise` is that other target for
    programs of which the converter says that it cannot read them. `files` maps the converter's file names to those in
    an artifact, where `{model}` stands for the model's name. `in_all`: whether `--target all` means it too.
    `precisions` that it can be converted to; `lacks` says of others why not, and under `batch` why it takes no batch
    but 1, where it does not. `lowered` says which precisions are made of the FP32 files by a worker of their own;
    `source_lowered` is of precisions for which the files that the converter reads, another target's, are made into it
    first, and `program_lowered` of those for which the program is. The converter itself makes the others. `settings`
    are those of its runtime that can be tried; without them the runner does what it usually does. `sigmoid_error` is
    what its runtime's sigmoid may be off by where the value is near 0, if it has not FP32's digits there;
    docs/parity.md has the measurements.
    """

    title: str
    summary: str
    source: str
    files: dict[str, str]
    variants: tuple[Variant, ...]
    otherwise: str | None = None
    in_all: bool = True
    precisions: tuple[Precision, ...] = ("fp32",)
    lacks: dict[Precision | Literal["batch"], str] = {}
    lowered: dict[Precision, Lowered] = {}
    source_lowered: dict[Precision, Lowered] = {}
    program_lowered: dict[Precision, Lowered] = {}
    flags: dict[str, Flag] = {}
    native: Native | None = None
    paddle3: Paddle3 | None = None
    settings: tuple[Setting, ...] = ()
    sigmoid_error: Annotated[float, Meta(ge=0, lt=0.01)] = 0.0

    def __post_init__(self) -> None:
        if any(variant.needs and not variant.inspector for variant in self.variants):
            raise ValueError("a variant that needs a device has an inspector, for machines without one")


class Target(Struct, frozen=True):
    """A target by name, with its description."""

    name: str
    description: Description

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants as this machine can do them, whatever an artifact was built for."""
        return tuple(variant.here({}) for variant in self.description.variants)

    def variants_of(self, build: Mapping[str, Any]) -> tuple[Variant, ...]:
        """Those for an artifact whose converter said `build` of it, as this machine can do them."""
        return tuple(variant.here(build) for variant in self.description.variants if variant.covers(build))

    def variants_on(
        self, machine: AnyMachine | None, build: Mapping[str, Any], *, with_library: bool = False
    ) -> tuple[Variant, ...]:
        """Those for an artifact on an emulated machine or a device, or on this machine where it is None.

        What is made for this machine's processor alone is not among the former; what is only inspected is. With
        `with_library` the user has the runtime that a variant lacks otherwise.
        """
        found = self.variants_of(build)
        if isinstance(machine, RemoteMachine):
            found = tuple(one.by_runner(machine) for one in found)
        elif with_library:
            found = tuple(one.with_library(machine) for one in found)
        if machine is None:
            return found
        return tuple(one for one in found if one.not_run or machine.architecture.name in one.emulated)

    def runs_on(self, machine: AnyMachine | None) -> bool:
        """Whether any variant can be run there; this machine is never left out, and says why it cannot."""
        return machine is None or any(not one.not_run for one in self.variants_on(machine, {}))

    def worker(self, script: str) -> str:
        """A script of this target as the toolchain names it, such as `lite/run.py`."""
        return f"{self.name}/{script}"

    def converter(self, flags: Mapping[str, Sequence[str]]) -> tuple[str, dict[str, Any]]:
        """The worker that converts here, and its options from the flags that were given."""
        native = self.description.native
        if native is not None and native.unless not in flags and (device := find_device(native.needs)) is not None:
            return self.worker(native.worker), {"device": to_builtins(device)}
        options = {name: list(flags.get(name, flag.default)) for name, flag in self.description.flags.items()}
        return self.worker("convert.py"), options

    def lowering(self, precision: Precision) -> "tuple[Lowered, Target | None] | None":
        """What makes a precision of files in FP32, and the target whose files these are: this one, or its source.

        In the place of a target None stands for the program. None alone: the converter itself makes it.
        """
        if (own := self.description.lowered.get(precision)) is not None:
            return own, self
        if (of_program := self.description.program_lowered.get(precision)) is not None:
            return of_program, None
        before = self.description.source_lowered.get(precision)
        return None if before is None else (before, targets()[self.description.source])

    def artifact_file(self, file: str, model: str) -> str:
        """The name in an artifact of a file that the converter calls `file`."""
        return self.description.files[file].format(model=model)

    def folder(self, precision: Precision) -> str:
        """The name of an artifact's folder: FP32 is what a target's name alone means."""
        return self.name if precision == "fp32" else f"{self.name}-{precision}"


@cache
def targets() -> dict[str, Target]:
    """All targets by name, in alphabetical order."""
    found = sorted(bundled_folder("converters").glob("*/target.toml"))
    return {path.parent.name: Target(path.parent.name, describe(path)) for path in found}


def describe(path: Path) -> Description:
    """Read one `target.toml`."""
    return convert(tomllib.loads(path.read_text(encoding="utf-8")), Description)


def select_targets(names: str) -> list[Target]:
    """The targets of a comma-separated list; `all` in it means those that every machine can run.

    Raises UsageError, with near names, for an unknown one.
    """
    known = targets()
    wanted = [name.strip().lower() for name in names.split(",") if name.strip()]
    if not wanted:
        raise UsageError("no target is named", f"Targets are {', '.join(known)}, and all.")
    if "all" in wanted:
        everywhere = [name for name, target in known.items() if target.description.in_all]
        wanted = [*everywhere, *(name for name in wanted if name != "all")]
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
            hint = f"Did you mean {' or '.join(near)}? " if near else ""
            raise UsageError(f"there is no target {name}", f"{hint}Targets are {', '.join(known)}, and all.")
    return [known[name] for name in dict.fromkeys(wanted)]


def left_out_of_all(names: str, wanted: Sequence[Target], precision: Precision, batch: int | str) -> dict[str, str]:
    """Those of `wanted` that `all` in `names` brought, and that cannot do what is asked: target -> the reason.

    A target that is named itself is never left out in silence: it fails with its reason. Raises UsageError where
    nothing would be left.
    """
    named = {name.strip().lower() for name in names.split(",")}
    reasons = {
        target.name: reason
        for target in wanted
        if "all" in named and target.name not in named and (reason := lack(target, precision, batch))
    }
    if reasons and len(reasons) == len(wanted):
        raise UsageError("no target can do that: " + "; ".join(reasons.values()))
    return reasons


def lack(target: Target, precision: Precision, batch: int | str) -> str | None:
    """Why a target cannot be had in a precision at a batch, or None where it can."""
    description = target.description
    if precision not in description.precisions:
        return f"{target.name} has no {precision}: {description.lacks.get(precision, 'its converter knows none')}"
    if batch != 1 and "batch" in description.lacks:
        return f"{target.name} takes one sample a call: {description.lacks['batch']}"
    return None


def check_precision(wanted: Sequence[Target], precision: Precision) -> None:
    """Raise UsageError where a target of `wanted` cannot be had in `precision`: none is made in another instead."""
    without = [target for target in wanted if precision not in target.description.precisions]
    if not without:
        return
    reasons = "; ".join(
        f"{target.name} has no {precision}: {target.description.lacks.get(precision, 'its converter knows none')}"
        for target in without
    )
    able = [name for name, target in targets().items() if precision in target.description.precisions]
    raise UsageError(reasons, f"Targets with {precision}: {', '.join(able) or 'none'}.")


def parse_flags(wanted: Sequence[Target], given: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    """The flags that were given, each a comma-separated list, as the targets of `wanted` know them.

    The order of the values, their case, `-` and `_` do not matter. Raises UsageError for a flag that none of the
    targets takes, and for a value that is none, with the list.
    """
    parsed = {}
    for name, text in given.items():
        if text is None:
            continue
        takers = [target for target in wanted if name in target.description.flags]
        if not takers:
            known = ", ".join(other for other, target in targets().items() if name in target.description.flags)
            raise UsageError(
                f"--{name} means nothing to {', '.join(target.name for target in wanted)}",
                f"Targets that take it: {known or 'none'}.",
            )
        flag = takers[0].description.flags[name]
        values = flag.values
        asked = [part.strip().lower().replace("_", "").replace("-", "") for part in text.split(",") if part.strip()]
        unknown = [part for part in asked if part not in values]
        if unknown or not asked:
            several = " or ".join(values) if flag.single else f"{', '.join(values)}, or several"
            raise UsageError(f"--{name} knows no {', '.join(unknown) or 'empty list'}", f"It takes {several}.")
        if flag.single and len(asked) > 1:
            raise UsageError(f"--{name} takes one value, not {len(asked)}", f"It is {' or '.join(values)}.")
        parsed[name] = tuple(value for value in values if value in asked)
    return parsed
