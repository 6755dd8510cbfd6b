"""Runs the steps of a Dockerfile in a clean Debian, made with debootstrap: whether nothing has to be installed by hand.

    python tools/clean_root.py FOLDER                                   # Dockerfile, then `edgekit doctor`
    python tools/clean_root.py FOLDER --devcontainer                    # .devcontainer, with its postCreateCommand

Needs root, debootstrap and a few minutes; no container engine. FROM (a release of Debian), RUN, COPY of the whole
checkout (its tracked files), ENV, WORKDIR, VOLUME and ENTRYPOINT are understood, anything else ends it. How this
machine reaches package indexes (certificates, settings of apt and pip) is the machine's, and goes in with it.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHECKS = ("edgekit --version", "edgekit models --search mixnet", "edgekit doctor")
NETWORK = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/pip.conf",
    "/etc/apt/apt.conf.d",
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d",
)
CARRIED = ("PIP_", "UV_", "SSL_", "REQUESTS_", "CURL_", "http_", "https_", "HTTP_", "HTTPS_", "no_proxy", "NO_PROXY")


def instructions(dockerfile: Path) -> Iterator[tuple[str, str]]:
    """The instructions with what they are given; lines that go on are one."""
    text = dockerfile.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            word, _, rest = line.strip().partition(" ")
            yield word.upper(), rest.strip()


class CleanRoot:
    """A Debian in a folder, and commands in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.carried = {name: value for name, value in os.environ.items() if name.startswith(CARRIED)}
        self.variables = self.carried | {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
        }
        self.place = "/"

    def make(self, image: str) -> None:
        """Install the release that `image` names, and how this machine reaches the network."""
        name, _, tag = image.partition(":")
        if name != "debian":
            sys.exit(f"{image} is no release of Debian, and debootstrap makes nothing else")
        listed = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]
        sites = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
        release = tag.removesuffix("-slim")
        subprocess.run(["debootstrap", "--variant=minbase", release, str(self.folder), sites[0]], check=True)
        (self.folder / "etc" / "apt" / "sources.list").unlink(missing_ok=True)  # this machine's come in its place
        for path in NETWORK:
            self.bring(Path(path))

    def files_of_variables(self) -> list[str]:
        """What the carried settings name: certificates, folders of packages."""
        return [value for value in self.carried.values() if value.startswith("/") and Path(value).exists()]

    def bring(self, path: Path) -> None:
        """Copy a file or a folder of this machine to the same place.

        What was there goes first: a link in the root, seen from here, leads to this machine's own files.
        """
        to = self.folder / path.relative_to("/")
        if path.is_dir():
            if to.is_dir() and not to.is_symlink():
                shutil.rmtree(to)
            shutil.copytree(path, to)
        elif path.is_file():
            to.parent.mkdir(parents=True, exist_ok=True)
            to.unlink(missing_ok=True)
            shutil.copy(path, to)

    def copy_checkout(self, place: str) -> None:
        """Copy the tracked files of the checkout."""
        tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in filter(None, tracked.split("\0")):
            to = self.folder / place.strip("/") / name
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to, follow_symlinks=False)

    def run(self, command: str) -> None:
        """Run a command line; ends with its status where that is not 0."""
        print(f"$ {command}", flush=True)
        for path in self.files_of_variables():  # a step before may have written its own certificates
            self.bring(Path(path))
        inside = f"cd {shlex.quote(self.place)} && {command}"
        # By its place here: what is on the root's path is not on this machine's.
        words = [shutil.which("chroot") or "/usr/sbin/chroot", str(self.folder), "/bin/sh", "-c", inside]
        if (status := subprocess.run(words, env=self.variables, stdin=subprocess.DEVNULL, check=False).returncode) != 0:
            sys.exit(f"{command} ended with {status}")

    def follow(self, dockerfile: Path) -> None:
        """Do what a Dockerfile says."""
        for word, rest in instructions(dockerfile):
            if word == "FROM":
                self.make(rest)
            elif word == "RUN":
                self.run(rest)
            elif word == "COPY" and rest.split()[0] == ".":
                self.copy_checkout(rest.split()[1])
            elif word == "ENV":
                name, _, value = rest.partition("=")
                self.variables[name] = value
            elif word == "WORKDIR":
                self.place = rest
                (self.folder / rest.strip("/")).mkdir(parents=True, exist_ok=True)
            elif word not in ("VOLUME", "ENTRYPOINT"):
                sys.exit(f"{dockerfile} says {word} {rest}, which this script does not understand")


def mounted(folder: Path, *, there: bool) -> None:
    """Give the root /proc and /dev, or take them away."""
    for name in ("proc", "dev"):
        place = folder / name
        if there:
            place.mkdir(parents=True, exist_ok=True)
            subprocess.run(["mount", "--rbind", f"/{name}", str(place)], check=True)
            # Else what is unmounted there would be unmounted here as well.
            subprocess.run(["mount", "--make-rslave", str(place)], check=True)
        elif place.is_mount():
            subprocess.run(["umount", "--recursive", "--lazy", str(place)], check=True)


def main(arguments: list[str]) -> int:
    """Make the root and run the steps; returns the exit status."""
    parser = argparse.ArgumentParser(description="The steps of a Dockerfile in a clean Debian.")
    parser.add_argument("folder", type=Path, help="where the root is made: it must not be there yet")
    parser.add_argument("--devcontainer", action="store_true", help="of .devcontainer, instead of Dockerfile")
    given = parser.parse_args(arguments)
    if given.folder.exists():
        sys.exit(f"{given.folder} is there already")
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        sys.exit("this needs root and debootstrap (Debian: apt-get install debootstrap)")
    given.folder.mkdir(parents=True)
    root = CleanRoot(given.folder.resolve())
    try:
        if given.devcontainer:
            root.follow(ROOT / ".devcontainer" / "Dockerfile")
            described = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
            root.copy_checkout("/workspace")
            root.place = "/workspace"
            mounted(root.folder, there=True)
            root.run(described["postCreateCommand"])
            root.run(".venv/bin/edgekit doctor")
        else:
            root.follow(ROOT / "Dockerfile")
            mounted(root.folder, there=True)
            for command in CHECKS:
                root.run(command)
    finally:
        mounted(root.folder, there=False)
    print(f"{given.folder}: every step has worked")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
