"""HTTP for downloads: a short wait for a connection, no other schemes, no redirect to a weaker one."""

import http.client
import re
import urllib.error
import urllib.request
from typing import Any

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0


def open_url(url: str, headers: dict[str, str], schemes: tuple[str, ...]) -> http.client.HTTPResponse:
    """Open `url` for reading; the body comes from `.read(n)`. Proxies are those of the environment.

    Raises urllib's HTTPError for a status that is no success, OSError or http.client's HTTPException for the
    rest.
    """
    _check_scheme(url, schemes)
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _Http(),
        _Https(),
        _Redirects(schemes),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(url, headers={"User-Agent": "edgekit", "Accept-Encoding": "identity", **headers})
    try:
        return opener.open(request, timeout=CONNECT_SECONDS)
    except (ValueError, OverflowError) as error:
        # A server's `Location` may be no address at all: `http://[::1`, or a port beyond 65535.
        raise urllib.error.URLError(f"the server leads to an impossible address: {error}") from error


def whole_number(header: str) -> int | None:
    """The number of bytes in a header; None for anything but the digits 0 to 9, which is all that HTTP allows."""
    return int(header) if re.fullmatch("[0-9]{1,18}", header) else None


def _check_scheme(url: str, schemes: tuple[str, ...]) -> None:
    if url.partition("://")[0].lower() not in schemes:
        raise urllib.error.URLError(f"{url} is not an {schemes[0]} address")


class _PatientReads:
    """A connection that is given up soon, and once made may pause for longer."""

    sock: Any

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        self.sock.settimeout(READ_SECONDS)


class _HttpConnection(_PatientReads, http.client.HTTPConnection): ...


class _HttpsConnection(_PatientReads, http.client.HTTPSConnection): ...


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HttpConnection, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HttpsConnection, req)


class _Redirects(urllib.request.HTTPRedirectHandler):
    def __init__(self, schemes: tuple[str, ...]) -> None:
        self._schemes = schemes

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        _check_scheme(newurl, self._schemes)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
