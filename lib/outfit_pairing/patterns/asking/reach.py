"""Whether a server can be reached at all, asked once before Spark starts."""

import socket
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

PORTS = {"http": 80, "https": 443}


def reach(base_url: str, timeout_s: float) -> str | None:
    """Why nothing listens at the URL's host and port, or at the proxy that leads there; None when something does.

    One connection, opened and closed; nothing is sent.
    """
    try:
        url = urlsplit(base_url)
        host, port = _door(url)
    except ValueError:
        return "it is no URL"
    if host is None:
        return "it names no host"
    try:
        socket.create_connection((host, port), timeout_s).close()
    except TimeoutError:
        return f"{host}:{port} does not answer within {timeout_s:g} s"
    except (OSError, UnicodeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else "the host name cannot be used"
        return f"{host}:{port}: {reason}"
    return None


def _door(url: SplitResult) -> tuple[str | None, int]:
    host, port = url.hostname, url.port or PORTS.get(url.scheme, 443)
    proxy = getproxies().get(url.scheme)
    if proxy and host and not proxy_bypass(host):
        through = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        return through.hostname, through.port or PORTS.get(through.scheme, 80)
    return host, port
