"""The server: one address, no log of what is asked, an end on Ctrl-C; a page is opened where there is a browser."""

from __future__ import annotations

import errno
import ipaddress
import secrets
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from bvn_asp.errors import BvnError
from bvn_asp.web.app import application
from bvn_asp.web.security import Access, is_loopback, loopback_hosts

if TYPE_CHECKING:
    from bvn_asp.reviews.store import Store

PORT = 8642


class ServeError(BvnError):
    """The workbench cannot be served as asked."""


class _Server(uvicorn.Server):
    """A server for which Ctrl-C is a way to end it, and no interrupt of what it was asked to do."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Have the signals that ask for an end bring about one."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(
    address: str, port: int, *, token: str = "", browser: bool, say: Callable[[str], None], store: Store | None = None
) -> None:  # fmt: skip
    """Serve until an interrupt; raises ServeError for an address or a port that cannot be had."""
    _check(address)
    if not is_loopback(address) and not token:
        token = secrets.token_urlsafe(18)
    listening = _listening(address, port)
    bound = listening.getsockname()[1]
    name = f"[{address}]" if ":" in address else address
    url = f"http://{name}:{bound}/"
    if not is_loopback(address):
        say(f"Others can reach this address, and the connection is not encrypted. Token: {token}")
    say(f"The workbench is at {url} (Ctrl-C ends it)")
    app = application(Access(loopback_hosts(bound, address), token), store)
    config = uvicorn.Config(
        app, log_level="error", access_log=False, server_header=False, date_header=False, lifespan="on",
        timeout_graceful_shutdown=1, limit_concurrency=400, h11_max_incomplete_event_size=32_768, proxy_headers=False,
    )  # fmt: skip
    if browser:
        threading.Timer(0.3, webbrowser.open, [url]).start()
    try:
        _Server(config).run([listening])
    finally:
        listening.close()
    say("ended")


def _check(address: str) -> None:
    if address == "localhost":
        return
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        raise ServeError(f"{address!r} is no address; name one of this machine, such as 127.0.0.1") from None
    if found.is_unspecified:
        raise ServeError(f"{address} is every address of this machine; name the one that the workbench is to answer on")


def _listening(address: str, port: int) -> socket.socket:
    """Return a socket that listens; raise ServeError if the port is taken."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.listen(128)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRINUSE:
            raise ServeError(
                f"port {port} is taken, perhaps by another workbench: open http://{address}:{port}/, or choose another"
                " port with --port (0: any that is free)"
            ) from None
        raise ServeError(f"{address}, port {port}: {error.strerror or error}") from None
    return made
