"""`edgekit reference`: record, list, show and import what artifacts are judged against."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli.common import (
    Json,
    Offline,
    Verbose,
    batch_option,
    model_sources,
)
from edgekit.cli.console import console, error_console, print_json, warn
from edgekit.cli.model_flags import ModelFlags, takes_model_flags

if TYPE_CHECKING:
    from edgekit.reference.bundle import Bundle
    from edgekit.reference.record import Recorded
    from edgekit.reference.store import Stored

PYTHON_VARIABLE = "EDGEKIT_REFERENCE_PYTHON"

app = typer.Typer(
    name="reference",
    help="Record what a model computes elsewhere, usually on a GPU, and judge artifacts by it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class BackendChoice(StrEnum):
    """What `--backend` takes."""

    tensorrt = "tensorrt"
    tensorrt_rtx = "tensorrt-rtx"
    onnxruntime_cuda = "onnxruntime-cuda"
    paddle_gpu = "paddle-gpu"
    paddle_cpu = "paddle-cpu"


class Compute(StrEnum):
    """What `--precision` takes."""

    fp32 = "fp32"
    fp16 = "fp16"


Named = Annotated[str, typer.Argument(metavar="BUNDLE", help="A file, or a name from `edgekit reference list`.")]


@app.command(short_help="Run a model in a backend and write a bundle.")
@takes_model_flags
def record(
    model: Annotated[str, typer.Argument(metavar="MODEL|FOLDER", help="A model by name, or a Paddle inference model.")],
    backend: Annotated[BackendChoice, typer.Option("--backend", "-b", help="What computes the reference.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The bundle to write (.safetensors).", dir_okay=False)],
    flags: ModelFlags,
    batch: Annotated[str, typer.Option(metavar="N|dynamic", help="Samples per call.")] = "1",
    precision: Annotated[Compute, typer.Option(help="fp16: a reference for FP16 artifacts only.")] = Compute.fp32,
    allow_tf32: Annotated[
        bool, typer.Option("--allow-tf32", help="Let TF32 stand in for FP32: no reference for FP32 artifacts then.")
    ] = False,
    python: Annotated[
        Path | None,
        typer.Option(
            envvar=PYTHON_VARIABLE,
            help="Run the backend with this Python and the packages it has, such as a container's.",
            dir_okay=False,
        ),
    ] = None,
    with_inputs: Annotated[bool, typer.Option("--with-inputs", help="Put the input tensors into the bundle.")] = False,
    json: Json = False,
    offline: Offline = False,
    verbose: Verbose = False,
) -> int:
    """Run the very program or ONNX that artifacts are made from on the golden inputs, and write one bundle."""
    from edgekit.cli.session import session
    from edgekit.errors import UsageError
    from edgekit.reference.backends import BACKENDS
    from edgekit.reference.bundle import SUFFIX, check_place
    from edgekit.reference.description import ArithmeticPart
    from edgekit.reference.device import recording_device
    from edgekit.reference.exactness import worst
    from edgekit.reference.interpreter import check_python
    from edgekit.reference.record import Wish, check_wish
    from edgekit.reference.record import record as record_bundle

    chosen, arithmetic = BACKENDS[backend.value], ArithmeticPart(precision.value, allow_tf32)
    check_wish(chosen, arithmetic)
    if out.suffix != SUFFIX:
        raise UsageError(f"{out} does not end in {SUFFIX}", f"Name the bundle {out.with_suffix(SUFFIX)}.")
    check_place(out)
    device = recording_device(chosen)
    interpreter = check_python(python, chosen.modules) if python and chosen.gpu else None
    (source,) = model_sources([model], flags.options(batch_option(batch)), offline=offline)
    wish = Wish(chosen, arithmetic, device, interpreter, with_inputs)
    with session(offline=offline, verbose=verbose) as executor:
        done = record_bundle(source, wish, executor, out)
    if json:
        print_json(recorded_document(done))
    else:
        show_recorded(done)
    # A reference that claims FP32 and is not is of no use: say so where the GPU still is.
    return int(arithmetic.is_fp32 and worst(done.measured).exactness != "fp32")


def recorded_document(done: "Recorded") -> dict:
    """The JSON of a recording."""
    return {**bundle_document(done.bundle), "exactness": {name: one.exactness for name, one in done.measured.items()}}


def show_recorded(done: "Recorded") -> None:
    """Where the bundle lies, how big it is, and what it is worth."""
    from edgekit.quantities.sizes import readable_size
    from edgekit.reference.exactness import worst

    size = readable_size(done.bundle.path.stat().st_size)
    console().print(f"{done.bundle.path} ({size}): {done.bundle.description.title}", markup=False, soft_wrap=True)
    console().print(f"It is {worst(done.measured).sentence()}", markup=False, highlight=False, soft_wrap=True)


@app.command("list", short_help="Show the bundles at hand.")
def list_bundles(json: Json = False) -> None:
    """Show the bundles that come with edgekit and those that were imported."""
    from edgekit.cache import cache_folder
    from edgekit.reference.store import stored

    found = list(stored(cache_folder()))
    if json:
        print_json({"bundles": [stored_document(one) for one in found]})
        return
    for one in found:
        if one.error is not None:
            warn(str(one.error))
    show_list(found)


def show_list(found: list["Stored"]) -> None:
    """Print each bundle's name, to be copied, and below it what it is of and where it is from."""
    for one in found:
        if one.bundle is None:
            continue
        said = one.bundle.description
        kind = "shipped" if one.shipped else "imported"
        about = f"{said.model.name}, {said.weights.spec} weights, {said.program.size} px, batch {said.program.batch}"
        # Strangers' words are shown as they are: they are no markup.
        console().print(one.bundle.name, markup=False, highlight=False, soft_wrap=True)
        console().print(f"  {kind}: {about}; {said.title}", markup=False, highlight=False, soft_wrap=True)
    gpu = sum(one.bundle.description.is_gpu for one in found if one.bundle is not None)
    error_console().print(f"{len(found)} bundles, {gpu} of them recorded on a GPU", highlight=False)


@app.command(short_help="Show what a bundle says of itself.")
def show(bundle: Named, json: Json = False) -> None:
    """Check a bundle and show where it is from, of what, and what it was found to be worth when it was recorded."""
    from edgekit.cache import cache_folder
    from edgekit.reference.bundle import checked_bundle
    from edgekit.reference.store import find_bundle

    found, _ = checked_bundle(find_bundle(bundle, cache_folder()).path)
    if json:
        print_json(bundle_document(found))
        return
    for name, value in described(found).items():
        console().print(f"{name:<14} {value}", markup=False, highlight=False, soft_wrap=True)


@app.command("import", short_help="Check a bundle and keep it.")
def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle that somebody recorded.")], json: Json = False
) -> None:
    """Check everything in a bundle and copy it into the cache, where `edgekit verify` finds it."""
    from edgekit.cache import cache_folder
    from edgekit.reference.store import import_bundle

    bundle, new = import_bundle(file, cache_folder())
    if json:
        print_json({**bundle_document(bundle), "new": new})
        return
    known = "" if new else " (it was there already)"
    console().print(f"{bundle.name}: {bundle.description.title}{known}", markup=False, highlight=False, soft_wrap=True)


def bundle_document(bundle: "Bundle") -> dict:
    """The JSON of one bundle."""
    return {
        "name": bundle.name,
        "path": bundle.path,
        "bytes": bundle.path.stat().st_size,
        "reference": bundle.description.title,
        "gpu": bundle.description.is_gpu,
        "description": bundle.description,
    }


def stored_document(one: "Stored") -> dict:
    """The JSON of one file of the store."""
    if one.bundle is None:
        return {"path": one.path, "shipped": one.shipped, "error": str(one.error)}
    return {**bundle_document(one.bundle), "shipped": one.shipped}


def described(bundle: "Bundle") -> dict[str, str]:
    """A bundle in lines."""
    said = bundle.description
    program, inputs, device = said.program, said.inputs, said.device
    gpu = f", compute capability {device.compute_capability}, driver {device.driver}, CUDA {device.cuda}"
    lines = {
        "bundle": str(bundle.path),
        "model": f"{said.model.name} ({said.model.architecture}, {said.model.class_count} classes)",
        "weights": f"{said.weights.spec}, parameters {program.parameters_sha256}",
        "program": f"{program.graph_sha256}, {program.size} px, batch {program.batch}",
        "ONNX": program.onnx_sha256 or "not used",
        "inputs": f"{len(inputs.labels)} samples, {inputs.samples_sha256}, {'stored' if inputs.stored else 'remade'}",
        "backend": f"{said.backend.name} ({', '.join(f'{name} {one}' for name, one in said.backend.tools.items())})",
        "device": device.name + (gpu if said.is_gpu else " (a CPU: it never counts as a GPU's reference)"),
        "arithmetic": str(said.arithmetic),
        "recorded": f"{said.recorded} with edgekit {said.edgekit}",
    }
    for name, one in said.measured.items():
        lines[f"output {name}"] = (
            f"{one.exactness}: rms error {one.rms_relative:.1e} against the oracle then and there, Paddle's own FP32 "
            f"{one.paddle_rms_relative:.1e}"
        )
    return lines
