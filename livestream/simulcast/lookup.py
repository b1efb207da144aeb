"""The way to another site: looked up once, and only where the whole internet may go, too.

A name that is known may be made to point at a machine beside ours, or at another one a moment after it was asked for:
so every address it has is looked at, and the connection goes to one of those and to no other.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, IPv6Network, ip_address

OUTSIDE_6 = IPv6Network("2000::/3")
"""Global unicast; the rest leads inside or through a translator. Source: RFC 4291, 2.4, and IANA's registry."""
LookUp = Callable[[str, int], Awaitable[list[str]]]
Connect = Callable[..., Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class NotOutside(OSError):
    """The name leads to a machine that only we can reach, or to none."""


def is_outside(address: str) -> bool:
    """Whether everybody on the internet can reach this address."""
    found = ip_address(address)
    if isinstance(found, IPv6Address) and (found not in OUTSIDE_6 or found.sixtofour or found.teredo):
        return False
    return found.is_global and not found.is_multicast


async def look_up(host: str, port: int) -> list[str]:
    """All addresses of a name. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_rest, place in found))


async def reach(
    host: str,
    port: int,
    *,
    tls: bool,
    may_be_inside: bool,
    look_up: LookUp = look_up,
    connect: Connect = asyncio.open_connection,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first of the name's addresses that answers; its certificate must be the name's.

    Raises NotOutside, ssl.SSLCertVerificationError, OSError.
    """
    addresses = await look_up(host, port)
    if not addresses or not (may_be_inside or all(map(is_outside, addresses))):
        raise NotOutside(f"{host} is none of the internet's")
    named = {"ssl": ssl.create_default_context(), "server_hostname": host} if tls else {}
    for address in addresses[:-1]:
        try:
            return await connect(address, port, **named)
        except ssl.SSLCertVerificationError:
            raise
        except OSError:
            continue
    return await connect(addresses[-1], port, **named)
