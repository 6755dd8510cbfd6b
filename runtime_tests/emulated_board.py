"""A whole emulated board: Debian's ARM64 kernel, busybox and the files of a package in memory, and a console."""

import shutil
import stat
import subprocess
from pathlib import Path

from edgekit.devices.processors import AARCH64
from edgekit.devices.system_root import ask, private_apt, unpack
from edgekit.toolchain.command import run_command

EMULATOR = "qemu-system-aarch64"
KERNEL, SHELL = "linux-image-cloud-arm64", "busybox-static"
# What it says last, with the status of what it ran.
END = "edgekit-board-ended"


def board_files(folder: Path) -> tuple[Path, Path]:
    """The kernel and busybox, from Debian's packages: 22 MB. Raises AbsentError where they are not to be had."""
    apt = folder / "apt"
    settings = private_apt(apt, AARCH64)
    ask(["apt-get", *settings, "-qq", "update"], apt, AARCH64)
    depends = run_command(["apt-cache", *settings, "depends", KERNEL]).stdout
    kernel = next(line.split()[-1] for line in depends.splitlines() if "Depends: linux-image" in line)
    answer = run_command(["apt-get", *settings, "-qq", "download", kernel, SHELL], apt)
    assert answer.returncode == 0, answer.stderr
    for package in apt.glob("*.deb"):
        unpack(package, folder / "root")
    (image,) = (folder / "root" / "boot").glob("vmlinuz-*")
    return image, folder / "root" / "bin" / "busybox"


def initial_disk(files: dict[str, bytes], executables: set[str]) -> bytes:
    """A cpio archive ("newc") of files by their paths: what Linux unpacks into memory at its start.

    The format is in the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
    """
    folders = sorted({parent.as_posix() for name in files for parent in Path(name).parents if parent != Path()})
    made = bytearray()
    entries = [(name, stat.S_IFDIR | 0o755, b"") for name in folders]
    entries += [(name, stat.S_IFREG | (0o755 if name in executables else 0o644), files[name]) for name in files]
    for number, (name, mode, content) in enumerate([*entries, ("TRAILER!!!", 0, b"")], start=1):
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        for part in (b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0", content):
            made += part + bytes(-len(made + part) % 4)
    return bytes(made)


def boot(kernel: Path, disk: Path, processor: str, memory_mb: int, seconds: float, *flags: str) -> str:
    """All that the console said until the board switched itself off. Raises TimeoutExpired where it does not.

    `flags` are more of the emulator's.
    """
    program = shutil.which(EMULATOR)
    assert program is not None
    command = [program, "-M", "virt", "-cpu", processor, "-m", str(memory_mb), "-smp", "1", "-nographic", "-no-reboot"]
    command += ["-nic", "none", "-kernel", kernel, "-initrd", disk, "-append", "console=ttyAMA0 quiet panic=-1", *flags]
    answer = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )
    return answer.stdout + answer.stderr
