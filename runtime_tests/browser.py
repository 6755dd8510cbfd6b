"""A headless browser and a static server, for tests of pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from conftest import lacking

BROWSER, DRIVER = "chromium", "chromedriver"
DESK, PHONE = (1280, 900), (390, 844)
"""Width and height of windows in CSS pixels."""


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing of it."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder that is served, to this machine alone, for the length of a block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def browser(profile: Path) -> Iterator[Chrome]:
    """Chromium without a window, its profile in a folder of its own. Skips where it is not here."""
    paths = {name: shutil.which(name) for name in (BROWSER, DRIVER)}
    if not all(paths.values()):
        lacking("chromium and chromedriver are not here (Debian: apt-get install chromium chromium-driver)")
    options = ChromeOptions()
    options.binary_location = str(paths[BROWSER])
    # Root, as CI is, cannot have its sandbox; small /dev/shm of containers ends pages.
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    driver = Chrome(options=options, service=Service(str(paths[DRIVER])))
    try:
        yield driver
    finally:
        driver.quit()


def resize(driver: Chrome, size: tuple[int, int]) -> None:
    """Give the page a size, as a window of that size or a phone would."""
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
