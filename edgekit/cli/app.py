"""The application: its commands, and how errors leave it."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from edgekit.cache import cache_folder
from edgekit.cli import INTERRUPTED
from edgekit.cli.bench import bench
from edgekit.cli.cache import app as cache
from edgekit.cli.compare import compare
from edgekit.cli.convert import convert
from edgekit.cli.devices import app as device
from edgekit.cli.devices import devices
from edgekit.cli.diagnose import diagnose
from edgekit.cli.doctor import doctor
from edgekit.cli.evaluate import app as evaluate
from edgekit.cli.export_app import export_app
from edgekit.cli.export_serving import export_serving
from edgekit.cli.matrix import app as matrix
from edgekit.cli.models import models
from edgekit.cli.package import package
from edgekit.cli.predict import predict
from edgekit.cli.reference import app as reference
from edgekit.cli.repeated import refuse_repeated
from edgekit.cli.report import report as report_page
from edgekit.cli.serve import serve
from edgekit.cli.sign import sign
from edgekit.cli.verify import verify
from edgekit.errors import ConversionError, EdgekitError
from edgekit.filesystem.full_disk import full_disk, is_full

app = typer.Typer(
    name="edgekit",
    help="Takes trained PaddleClas classifiers to ONNX, Paddle Lite, OpenVINO, ncnn, MNN, TensorFlow Lite and "
    "TensorRT, and proves that they still compute the same.",
    no_args_is_help=True,
    rich_markup_mode=None,  # boxes around the help cost a tenth of a second at each start
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(models)
app.command(short_help="Convert models to targets.")(convert)
app.command(short_help="Prove artifacts in their own runtimes.")(verify)
app.command("report", short_help="Write a page with all that was proved of a model.")(report_page)
app.command(short_help="Name what is on photos.")(predict)
app.add_typer(evaluate, short_help="Measure what artifacts cost in accuracy.")
app.command(short_help="Build a program for a device, with one model.")(package)
app.command("export-app", short_help="Put verified artifacts into the demo app.")(export_app)
app.command(short_help="Answer requests for what is on photos, over REST and gRPC.")(serve)
app.command("export-serving", short_help="Write a repository for another model server.")(export_serving)
app.command(short_help="Sign artifacts, and check their signatures.")(sign)
app.add_typer(reference, short_help="Record and keep what artifacts are judged against.")
app.command(short_help="Time artifacts, beside what was published.")(bench)
app.command(short_help="Put records of benchmarks side by side.")(compare)
app.add_typer(matrix, short_help="Convert and verify every model on every target.")
app.command(short_help="Name the layer that makes an artifact wrong.")(diagnose)
app.command(short_help="List where artifacts can run.")(devices)
app.add_typer(device, short_help="Prepare a machine to run artifacts on.")
app.command(short_help="Show what is installed, and what is missing.")(doctor)
app.add_typer(cache, short_help="Show, prune, clear or check the cache.")


def print_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        from edgekit import __version__

        typer.echo(f"edgekit {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Options before the command."""


def run(arguments: list[str]) -> int:
    """Run a command line; returns its exit status. Nothing but a bug leaves this as an exception."""
    try:
        command = typer.main.get_command(app)
        refuse_repeated(command, arguments)
        status = command(arguments, prog_name="edgekit", standalone_mode=False)
        if status == INTERRUPTED:  # what Typer makes of Ctrl-C
            say_interrupted()
        return status if isinstance(status, int) else 0
    except EdgekitError as error:
        return report(error, "--json" in arguments)
    except (KeyboardInterrupt, typer.Abort):
        say_interrupted()
        return INTERRUPTED
    except BrokenPipeError:
        return close_broken_pipe()
    except OSError as error:  # a folder that cannot be read or written, wherever it was touched
        if is_full(error):
            return report(full_disk(Path(error.filename or cache_folder())), "--json" in arguments)
        named = f"{error.filename}: " if error.filename else ""
        return report(ConversionError(f"{named}{error.strerror or error}", "Check the path."), "--json" in arguments)
    except Exception as error:
        if hasattr(error, "show") and hasattr(error, "exit_code"):  # the parser's complaint about flags and arguments
            return report_usage(error, "--json" in arguments)
        raise


def say_interrupted() -> None:
    """Say what an interrupt leaves."""
    typer.echo("\nedgekit: interrupted; what was finished stays in the cache, nothing half-written stays", err=True)


def report(error: EdgekitError, as_json: bool) -> int:
    """Print an error as one sentence, and as a document where JSON was asked for; returns its exit status."""
    if as_json:
        print_error_document(error.message, error.remedy, error.exit_status)
    typer.echo(f"edgekit: {error}", err=True)
    return error.exit_status


def report_usage(complaint: Any, as_json: bool) -> int:
    """The same for what the parser of flags and arguments found."""
    if type(complaint).__name__ == "NoArgsIsHelpError":  # the help is the message
        complaint.show()
        return complaint.exit_code
    from edgekit.cli.usage import usage_error

    return report(usage_error(complaint), as_json)


def print_error_document(message: str, remedy: str, exit_status: int) -> None:
    """The JSON that stands in for the result."""
    import json

    typer.echo(json.dumps({"error": message, "remedy": remedy, "exit_status": exit_status}, indent=1))


def close_broken_pipe() -> int:
    """The reader of our output went away (`edgekit models | head`): end quietly, as other tools do."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141
