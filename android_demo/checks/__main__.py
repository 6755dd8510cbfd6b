"""Builds and checks the app: `make android`."""

import sys

from android_demo.checks.apk import make_apk
from android_demo.checks.artifact import verified_artifact
from android_demo.checks.inspect_apk import check_apk
from android_demo.checks.jni import check_jni
from android_demo.checks.maven import test_screens
from android_demo.checks.native_library import build
from android_demo.checks.needed import check_programs
from android_demo.checks.places import ROOT
from edgekit.artifact.load import load_artifact
from edgekit.cli.session import session
from edgekit.errors import EdgekitError


def check_all() -> None:
    """All that can be checked without a phone, Android's SDK and its NDK. Raises EdgekitError where something fails."""
    check_programs()
    print(f"screens: {test_screens()} tests passed", flush=True)
    artifact = load_artifact(verified_artifact())
    with session(offline=False, verbose=False) as executor:
        built = build(artifact, executor)
        print(f"native library: {check_jni(built, artifact, executor)}", flush=True)
    files = sorted(path for path in artifact.folder.iterdir() if path.is_file())
    assets = {f"models/{artifact.manifest.model.name}/ncnn/{path.name}": path for path in files}
    apk = make_apk({"arm64-v8a": built.library}, assets)
    print(f"{apk.relative_to(ROOT)}: {check_apk(apk)}", flush=True)


if __name__ == "__main__":
    try:
        check_all()
    except EdgekitError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
