"""HTTP sessions with a host of the lab, by its name."""

import ssl
from pathlib import Path
from typing import Any

import requests
from hosts.host import Host
from requests.adapters import HTTPAdapter


def session_for(host: Host, certificate: Path) -> requests.Session:
    """A session that reaches a host by its name over TLS, trusts only this certificate, and keeps to the lab."""
    session = requests.Session()
    # Neither proxies nor certificates of this machine: the lab has its own.
    session.trust_env = False
    session.verify = str(certificate)
    session.mount("https://", _ToTheLab(host, certificate))
    return session


class _ToTheLab(HTTPAdapter):
    """Carries what is asked of a host's name to its address in this lab; the name need not resolve here.

    The portal answers to its name only, and its settings lie in a layer that labs of other addresses boot from.
    """

    def __init__(self, host: Host, certificate: Path) -> None:
        self._host = host
        self._context = ssl.create_default_context(cafile=str(certificate))
        super().__init__()

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        """Expect the certificate of the name."""
        name = self._host.name
        more = {"ssl_context": self._context, "server_hostname": name, "assert_hostname": name}
        super().init_poolmanager(*args, **named, **more)

    def send(self, request: requests.PreparedRequest, *args: Any, **named: Any) -> requests.Response:
        """The answer, whose address is the one that was asked for."""
        carried = request.copy()
        carried.headers["Host"] = self._host.name
        carried.url = str(request.url).replace(f"//{self._host.name}", f"//{self._host.address}", 1)
        answer = super().send(carried, *args, **named)
        answer.request, answer.url = request, str(request.url)
        return answer
