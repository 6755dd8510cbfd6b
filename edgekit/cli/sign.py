"""`edgekit sign`: signatures on artifacts, their check, and keys for both."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.artifact.conversion_command import DEFAULT_OUT
from edgekit.cli.common import Json, Out
from edgekit.cli.console import console, print_json, warn
from edgekit.errors import UsageError

if TYPE_CHECKING:
    from edgekit.signing.signature import Signed

RequireSigned = Annotated[
    str | None,
    typer.Option(
        "--require-signed",
        metavar="KEY",
        help="Use only artifacts whose manifest is signed with this public key: a .pub file, or its second line.",
    ),
]


def sign(
    what: Annotated[
        list[str] | None, typer.Argument(metavar="[MODEL|ARTIFACT]...", help="Models by name, or artifact folders.")
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="The secret key to sign with.")] = None,
    check: Annotated[
        str | None, typer.Option(metavar="KEY", help="Check signatures with this public key; nothing is run.")
    ] = None,
    new_key: Annotated[
        Path | None, typer.Option(metavar="NAME", help="Make a pair of keys, NAME.key and NAME.pub.")
    ] = None,
    comment: Annotated[str, typer.Option(metavar="TEXT", help="A line that the signature covers.")] = "",
    untrusted_comment: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The first line of the signature, which nothing covers.")
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the key's password in its first line; - is stdin.")
    ] = None,
    no_password: Annotated[bool, typer.Option("--no-password", help="Do not encrypt the new key.")] = False,
    out: Out = DEFAULT_OUT,
    json: Json = False,
) -> None:
    """Sign artifacts, check their signatures, or make the keys, in minisign's format."""
    if sum(one is not None for one in (key, check, new_key)) != 1:
        raise UsageError("say one of --key, --check and --new-key", "`edgekit sign --help` shows how")
    if new_key is not None:
        if what:
            raise UsageError(f"--new-key signs nothing, and {what[0]} is named", "Make the key first.")
        make_key(new_key, None if no_password else password(password_file, twice=True), json)
        return
    if not what:
        raise UsageError("no artifact is named", "Name a model or an artifact's folder.")
    signatures: dict[Path, Signed] = {}
    if check is not None:
        from edgekit.cli.named_artifacts import named_folders
        from edgekit.signing.approved import approved_artifact
        from edgekit.signing.keys import public_key

        believed = public_key(check)
        for folder in named_folders(what, out):
            approved_artifact(folder, believed, signatures)
        report("the signature holds", signatures, json)
        return
    assert key is not None
    sign_all(what, out, key, comment, untrusted_comment, lambda: password(password_file), signatures)
    report("signed", signatures, json)


def make_key(name: Path, word: str | None, json: bool) -> None:
    """Make a pair of keys, and say what each is for."""
    from edgekit.signing.keys import key_number, new_pair, public_key

    secret, public = new_pair(name, word)
    number = key_number(public_key(str(public)))
    if json:
        print_json({"key": number, "secret": secret, "public": public})
        return
    console().print(f"{secret} signs: keep it where you build.", markup=False, highlight=False, soft_wrap=True)
    console().print(
        f"{public} (key {number}) checks: give it to everybody.", markup=False, highlight=False, soft_wrap=True
    )


def sign_all(
    what: list[str],
    out: Path,
    key: Path,
    comment: str,
    untrusted: str | None,
    word: Callable[[], str],
    signatures: "dict[Path, Signed]",
) -> None:
    """Sign every artifact meant; nothing is signed where one of them is damaged."""
    from edgekit.cli.named_artifacts import named_artifacts
    from edgekit.signing.keys import secret_key
    from edgekit.signing.signature import UNTRUSTED_COMMENT, check_signable, sign_artifact

    artifacts = named_artifacts(what, out)
    for one in artifacts:
        check_signable(one)
        if not one.manifest.verdicts:
            warn(f"{one.folder} is not verified: what is signed says so, and verdicts are not added any more")
    with secret_key(key, word) as unlocked:
        for one in artifacts:
            signatures[one.folder] = sign_artifact(one, unlocked, comment, untrusted or UNTRUSTED_COMMENT)


def password(file: Path | None, *, twice: bool = False) -> str:
    """The key's password: from a file, else asked for on the terminal, where there is one."""
    from edgekit.untrusted.files import read_bytes

    if file is not None:
        content = sys.stdin.buffer.readline(1024) if str(file) == "-" else read_bytes(file, 1024, "password file")
        try:
            return content.decode().splitlines()[0]
        except (UnicodeDecodeError, IndexError):
            raise UsageError(f"{file} holds no password in its first line") from None
    if not sys.stdin.isatty():
        raise UsageError("the key's password is not given", "Say --password-file FILE, or - for stdin.")
    return typer.prompt("Password of the key", hide_input=True, confirmation_prompt=twice, err=True)


def report(verb: str, signatures: "dict[Path, Signed]", json: bool) -> None:
    """Print which artifacts have which signature."""
    if json:
        print_json({"signatures": [{"artifact": folder, **signed_document(one)} for folder, one in signatures.items()]})
        return
    for folder, one in signatures.items():
        line = f"{folder}: {verb}, {signed_words(one)}"
        console().print(line, markup=False, highlight=False, soft_wrap=True)


def signed_words(signed: "Signed") -> str:
    """A signature in words."""
    return f"key {signed.key}, {signed.comment.replace(chr(9), ' ')}"


def signed_document(signed: "Signed") -> dict[str, str]:
    """A signature in JSON."""
    return {"key": signed.key, "comment": signed.comment}
