"""HTTP to the portal's API: what is safe to repeat is repeated, and errors are those of portal.errors."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import requests
from urllib3.exceptions import HTTPError

import portal
from portal.client.credentials import clean_url
from portal.errors import (
    ConfigError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    LimitError,
    NotFoundError,
    PortalError,
    SignInNeededError,
    UnavailableError,
)
from portal.level import HEADER, level_of, use_level

Document = dict[str, Any]

TRIES = 4
FIRST_PAUSE_S = 0.5

ERRORS: dict[int, type[PortalError]] = {
    401: SignInNeededError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    429: LimitError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
}


class Connection:
    """One portal, with one token."""

    def __init__(self, url: str, token: str | None, *, timeout_s: float = 30.0, tries: int = TRIES) -> None:
        self.url = clean_url(url)
        self.timeout_s = timeout_s
        self.tries = tries
        self.portal_time: datetime | None = None
        """What time it was at the portal when it last answered; None before."""
        self.token = token
        self._http = requests.Session()
        self._http.headers["User-Agent"] = f"gantry/{portal.__version__}"
        self._http.headers["Accept"] = "application/json"

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Document:
        """One document. Raises PortalError."""
        return self.call("GET", path, params=_query(query), repeat=True)

    def every(self, path: str, query: Mapping[str, Any]) -> Iterator[Document]:
        """All items of a list, page by page."""
        asked = dict(query)
        while True:
            page = self.get(path, asked)
            yield from page["items"]
            if not page.get("next"):
                return
            asked["cursor"] = page["next"]

    def call(self, method: str, path: str, *, repeat: bool = False, **more: Any) -> Document:
        """One request and its JSON answer ({} where there is none). Raises PortalError.

        `repeat`: the request may be sent again when no answer comes.
        """
        response = self._send(method, path, repeat=repeat, **more)
        if response.status_code == 204:
            return {}
        try:
            document = response.json()
        except (ValueError, RecursionError) as error:
            raise UnavailableError(f"{self.url} did not answer like a portal. Is the address right?") from error
        return document if isinstance(document, dict) else {"items": document}

    def stream(self, path: str, headers: Mapping[str, str]) -> requests.Response:
        """An answer that is read piece by piece."""
        return self._send("GET", path, repeat=True, headers=dict(headers), stream=True)

    def _send(self, method: str, path: str, *, repeat: bool, **more: Any) -> requests.Response:
        pause = FIRST_PAUSE_S
        for left in range(self.tries - 1 if repeat else 0, -1, -1):
            try:
                return self._once(method, path, **more)
            except UnavailableError:
                if not left:
                    raise
            time.sleep(pause)
            pause *= 2
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = dict(more.pop("headers", {}))
        if self.token and not all("!" <= letter <= "~" for letter in self.token):
            raise SignInNeededError(
                "This is no token: it holds a space, an end of line or another foreign character."
            )
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        address = f"{self.url}/api/v1/{path}"
        try:
            response = self._http.request(
                method,
                address,
                headers=headers,
                timeout=self.timeout_s,
                allow_redirects=False,
                auth=_no_netrc,
                **more,
            )
        except requests.exceptions.InvalidJSONError:
            raise InvalidError("A number in this request is not finite, which JSON cannot say.") from None
        except UnicodeEncodeError:
            raise InvalidError("A word of this request is not text: nothing was sent.") from None
        except requests.exceptions.InvalidHeader:
            raise InvalidError("A key of this request has an end of line in it: nothing was sent.") from None
        except (
            requests.RequestException,
            HTTPError,
            UnicodeError,
        ) as error:  # requests lets some of urllib3's out
            raise UnavailableError(_why_no_answer(self.url, error), detail=str(error)) from error
        self.portal_time = _time_of(response) or self.portal_time
        if words := level_of(response.headers.get(HEADER)):
            use_level(words)
        if response.status_code >= 300 and response.status_code != 304:
            raise _error_of(response, self.url)
        return response


def _why_no_answer(url: str, error: Exception) -> str:
    """What came instead of an answer, and where to look first."""
    if isinstance(error, requests.exceptions.ProxyError | requests.exceptions.InvalidProxyURL):
        return f"The proxy on the way to {url} does not answer: see the variables HTTPS_PROXY and NO_PROXY."
    if isinstance(error, requests.exceptions.SSLError):
        return f"{url} has no certificate that this computer trusts. Nothing was sent. Is the address right?"
    return f"{url} does not answer. Is the address right, and are you online?"


def _time_of(response: requests.Response) -> datetime | None:
    try:
        told = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from putting a password of ~/.netrc in place of the token."""
    return request


def _error_of(response: requests.Response, url: str) -> PortalError:
    status = response.status_code
    if status < 400:
        return ConfigError(f"{url} sends on to {response.headers.get('Location', 'nowhere')}. Use that address.")
    try:
        problem = response.json()
    except (ValueError, RecursionError):
        problem = {}
    if not isinstance(problem, dict) or "detail" not in problem:
        if status in ERRORS and status != 404:
            return ERRORS[status](f"{url} answered {status} {response.reason}.")
        return UnavailableError(f"{url} answered {status} {response.reason}. Is this the address of a portal?")
    error = _error_in_words(status, problem)
    form = problem.get("form")
    error.form = form if isinstance(form, int) and not isinstance(form, bool) else None
    return error


def _error_in_words(status: int, problem: Document) -> PortalError:
    words = str(problem["detail"])
    if status in {400, 413, 422}:
        fields = problem.get("fields")
        told = fields if isinstance(fields, dict) else {}
        return InvalidError(words, fields={str(name): str(one) for name, one in told.items()})
    if status in ERRORS:
        return ERRORS[status](words, detail=problem.get("request_id"))
    return PortalError(f"{words} Request {problem.get('request_id', '')}", detail=problem.get("request_id"))


def segment(text: object) -> str:
    """One part of an address. Raises InvalidError where it would be more than that."""
    part = str(text)
    if not part or not all(character.isalnum() or character in "-_." for character in part) or set(part) == {"."}:
        raise InvalidError(f"“{part}” is no name or number.")
    return quote(part)


def _query(query: Mapping[str, Any] | None) -> dict[str, Any]:
    """Without what is None; true and false as the API writes them."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in (query or {}).items()
        if value is not None and value != []
    }
