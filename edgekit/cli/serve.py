"""`edgekit serve`: models behind REST and gRPC."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.artifact.conversion_command import DEFAULT_OUT, Wanted
from edgekit.cli.common import Json, Offline, Out, Verbose
from edgekit.cli.console import console, print_json
from edgekit.cli.sign import RequireSigned
from edgekit.errors import UsageError

if TYPE_CHECKING:
    from minisign import PublicKey

    from edgekit.serve.served import Served
    from edgekit.serve.server import Listening


def serve(
    artifacts: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME[:VERSION]=]ARTIFACT...",
            help="Artifacts' folders, or converted models by name; NAME is what clients call it, the model's if none.",
        ),
    ],
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", help="Which artifacts of a model that is named; the first that passed if none."),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for other machines.")] = "127.0.0.1",
    http_port: Annotated[int, typer.Option(help="The port of REST; 0: a free one.", min=0, max=65535)] = 8080,
    grpc_port: Annotated[int, typer.Option(help="The port of gRPC; 0: a free one.", min=0, max=65535)] = 8081,
    grpc: Annotated[bool, typer.Option("--grpc/--no-grpc", help="Answer by gRPC, too.")] = True,
    runners: Annotated[int, typer.Option(help="Runners of each model, which answer side by side.", min=1, max=256)] = 1,
    threads: Annotated[
        int | None,
        typer.Option(help="Threads of each runner; its share of the machine's cores if none.", min=1, max=256),
    ] = None,
    max_batch: Annotated[
        int, typer.Option(help="Samples of a call at most, of a model that takes any number.", min=1, max=1024)
    ] = 8,
    batching: Annotated[
        bool,
        typer.Option("--batching/--no-batching", help="Let requests that wait share a call, where it takes several."),
    ] = True,
    queue: Annotated[int, typer.Option(help="Requests of a model that may wait.", min=1, max=100_000)] = 64,
    max_request: Annotated[
        int, typer.Option(metavar="MIB", help="The largest request that is read, in MiB.", min=1, max=1024)
    ] = 16,
    max_seconds: Annotated[
        int, typer.Option(help="Seconds for a call of a model, whose runner is then started again.", min=1, max=86_400)
    ] = 120,
    connections: Annotated[int, typer.Option(help="Connections at once, at most.", min=1, max=100_000)] = 128,
    shadow: Annotated[
        str | None,
        typer.Option(
            metavar="ARTIFACT", help="A second artifact that gets requests, too, and whose answers are compared."
        ),
    ] = None,
    shadow_share: Annotated[float, typer.Option(help="The share of the requests that it gets.", min=0, max=1)] = 0.1,
    shadow_keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where requests go on which the two disagree.", file_okay=False)
    ] = None,
    require_signed: RequireSigned = None,
    out: Out = DEFAULT_OUT,
    json: Json = False,
    offline: Offline = False,
    verbose: Verbose = False,
) -> None:
    """Serve verified artifacts over REST and gRPC (the Open Inference Protocol, KServe's V2).

    A model is ready once its golden samples have passed in the process that answers. An interrupt (Ctrl-C, SIGTERM)
    ends it once everything accepted is answered.
    """
    from edgekit.cli.session import session
    from edgekit.serve.server import serve as serve_models
    from edgekit.serve.settings import Limits, Settings, Shadowing
    from edgekit.signing.keys import public_key
    from edgekit.toolchain.cores import usable_cores

    key = public_key(require_signed) if require_signed is not None else None
    models = [one for text in artifacts for one in served_as(text, target, out, key)]
    shadowing = None
    if shadow is not None:
        second = served_as(shadow, target, out, key)
        if len(second) != 1:
            raise UsageError(f"--shadow {shadow} is {len(second)} artifacts", "Name the folder of one.")
        shadowing = Shadowing(second[0], shadow_share, shadow_keep)
    settings = Settings(
        host,
        http_port,
        grpc_port if grpc else None,
        threads or max(1, usable_cores() // runners),
        runners,
        batching,
        Limits(
            max_request << 20,
            queue=queue,
            connections=connections,
            max_batch=max_batch,
            answer_seconds=max_seconds,
        ),
        shadowing,
    )
    with session(offline=offline, verbose=verbose) as executor:
        serve_models(models, settings, executor.toolchain, lambda found: show(found, json))


def served_as(text: str, target: str | None, out: Path, key: "PublicKey | None") -> list["Served"]:
    """What an argument means. Raises UsageError and AbsentError for what cannot be served."""
    from edgekit.artifact.manifest import FILE
    from edgekit.cli.named_artifacts import approved_choice, split_name
    from edgekit.serve.served import served

    front, what = split_name(text)
    name, _, version = front.partition(":")
    # A folder is an artifact already; a target chooses among those of a model.
    wanted = Wanted(None if (Path(what) / FILE).exists() else target, verified=True)
    return [served(one, name or None, version or None) for one in approved_choice(what, out, wanted, key)]


def show(found: "Listening", as_json: bool) -> None:
    """Say where the models answer."""
    import sys

    if as_json:
        print_json(document(found))
    else:
        for one in found.models:
            line = f"{one.name} {one.version}: ready, its golden samples have passed ({one.artifact.folder})"
            console().print(line, markup=False, highlight=False, soft_wrap=True)
        grpc = f", gRPC on {found.grpc}" if found.grpc else ""
        console().print(f"REST on {found.http}/v2{grpc}; Ctrl-C ends it", markup=False, highlight=False, soft_wrap=True)
    sys.stdout.flush()


def document(found: "Listening") -> dict:
    """The JSON."""
    models = [{"name": one.name, "version": one.version, "artifact": one.artifact.folder} for one in found.models]
    return {"http": found.http, "grpc": found.grpc, "models": models}
