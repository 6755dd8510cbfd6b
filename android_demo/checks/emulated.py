"""Runs the app's own classes and its native library in an ARM64 Java, emulated."""

import dataclasses
import os
from pathlib import Path

from android_demo.checks.places import MAVEN, TOOLS
from android_demo.checks.programs import run
from edgekit.devices.emulation import emulated_program
from edgekit.devices.machine import Machine
from edgekit.devices.processors import AARCH64
from edgekit.pipeline.execute import Executor

PROCESSOR = "cortex-a53"
MAIN = "org.edgekit.demo.Emulated"
# Debian's Java for ARM64, unpacked beside the other emulated machines' files.
JAVA = dataclasses.replace(AARCH64, name="aarch64-java", from_debian={"java": "openjdk-17-jre-headless"})


def emulated_java(executor: Executor) -> list[str]:
    """What starts an ARM64 Java here, whose files are fetched first where needed."""
    processor = next(one for one in JAVA.processors if one.name == PROCESSOR)
    cache = executor.store.cache
    program = emulated_program(
        Machine(JAVA, processor), cache, executor.store.notify, offline=executor.toolchain.offline
    )
    system = (cache / "devices").resolve() / JAVA.name / "system"
    make_links_relative(system)
    java = next((system / "usr" / "lib" / "jvm").glob("java-17-openjdk-*/bin/java"))
    return [*program, str(java), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:off"]


def make_links_relative(system: Path) -> None:
    """Let links that begin at the root lead to the unpacked files: the emulator hands them to this machine's kernel."""
    for path in (system / "usr" / "lib" / "jvm").rglob("*"):
        if path.is_symlink() and (target := path.readlink()).is_absolute():
            relative = os.path.relpath(system / target.relative_to("/"), path.parent)
            path.unlink()
            path.symlink_to(relative)


def run_app_classes(java: list[str], library: Path, arguments: list[str | Path]) -> str:
    """What the app's classes print of an artifact and a photo (see Emulated.kt)."""
    classes = os.pathsep.join(
        str(path) for path in (MAVEN / "classes", MAVEN / "test-classes", TOOLS / "kotlin-stdlib.jar")
    )
    command = [*java, f"-Djava.library.path={library.parent}", "-cp", classes, MAIN, *arguments]
    return run(command, "the app's classes on an emulated ARM64")
