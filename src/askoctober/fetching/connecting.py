"""Connections to the public network only, to the very address that was checked.

A host name is resolved once, and the number that was checked is the one connected to: a name server that gives another
answer a moment later (DNS rebinding) gains nothing. The name stays in the Host header and in TLS, so certificates hold.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import httpcore

from askoctober.errors import CorpusError

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""`resolve(host, port)`: the numeric addresses of a host; raises OSError as `socket.getaddrinfo` does."""

LONGEST_EXCHANGE = 120.0
"""Seconds from connecting to the last byte; a server that drips cannot hold a run longer."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def look_up(host: str, port: int) -> list[str]:
    """Return the numeric addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether a numeric address is one of the public internet, also where an IPv4 address stands inside an IPv6 one."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner:
            ip = inner
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local)


class Network(httpcore.NetworkBackend):
    """Connects to hosts whose addresses are all public, or with `private` to any."""

    def __init__(self, *, private: bool = False, resolve: Resolve = look_up) -> None:
        self.private = private
        self.resolve = resolve
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of the host that answers.

        Raises:
            CorpusError: the host has no address, or one that is not public.
            httpcore.ConnectError, httpcore.ConnectTimeout: none answers.
        """
        try:
            addresses = self.resolve(host, port)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise httpcore.ConnectError("its host cannot be looked up just now") from error
            raise CorpusError("is on a host that is not known; correct the address.") from error
        except ValueError as error:  # a label that is too long for the name system
            raise CorpusError("is on a host that cannot be; correct the address.") from error
        if not self.private and not all(map(is_public, addresses)):
            raise CorpusError("leads into a private network, which is not fetched; give --private if you trust it.")
        failure: Exception = httpcore.ConnectError("its host has no address")
        for address in addresses:
            try:
                stream = self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Bounded(stream, time.monotonic() + LONGEST_EXCHANGE)
        raise failure


class _Bounded(httpcore.NetworkStream):
    """A connection that ends at a set time, however often a byte arrives."""

    def __init__(self, stream: httpcore.NetworkStream, ends: float) -> None:
        self._stream = stream
        self._ends = ends

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._stream.read(max_bytes, self._left(timeout))
        except httpcore.ReadTimeout:
            self._left(timeout)  # where the time is up it is not the server's silence that is told
            raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Bounded(self._stream.start_tls(ssl_context, server_hostname, self._left(timeout)), self._ends)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _left(self, timeout: float | None) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise CorpusError(f"did not arrive within {LONGEST_EXCHANGE:.0f} s; try again when its server is faster.")
        return left if timeout is None else min(timeout, left)
