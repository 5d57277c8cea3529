"""Who may talk to us: foreign pages may not, and beyond loopback only who has the token.

ASGI middleware, so that it stands before websockets too.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import ipaddress
import re
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.api.errors import problem
from ingest.clock import Clock, WallClock
from ingest.errors import ConfigurationError
from ingest.settings import Settings

COOKIE = "postmine_session"
#: A session ends after this long and asks for the token again [s].
SESSION_S = 30 * 86_400
#: A token that can be guessed is none.
SHORTEST_TOKEN = 16
#: A health check of a container has no token; it learns no more than that we live.
_OPEN = {"/login", "/api/v1/health"}
_LONGEST_LOGIN = 4096
_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.DOTALL)
_LOGIN = Path(__file__).parent / "login.html"


def is_loopback(host: str) -> bool:
    """Return whether a listener on `host` can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def required_token(settings: Settings, host: str | None = None) -> str:
    """Return the token that everybody must show, "" when none is needed.

    Parameters
    ----------
    host
        Where we listen; that of the settings if it is not given.

    Raises
    ------
    ConfigurationError
        When others could reach us without a token, or the token is too short.
    """
    host = settings.http_host if host is None else host
    token = settings.http_token.get_secret_value()
    cure = "make one with `openssl rand -hex 32` and set POSTMINE_HTTP_TOKEN"
    if token and len(token) < SHORTEST_TOKEN:
        raise ConfigurationError(
            "setting POSTMINE_HTTP_TOKEN",
            value="(not shown)",
            legal=f"{SHORTEST_TOKEN} characters or more",
            cure=cure,
        )
    if not token and not is_loopback(host):
        raise ConfigurationError(
            "setting POSTMINE_HTTP_HOST",
            value=host,
            legal="a loopback address such as 127.0.0.1, as long as there is no token",
            cure=cure,
        )
    return token


class Access:
    """Refuses foreign pages, asks for the token, and adds the security headers.

    Parameters
    ----------
    token
        What must be shown as `Authorization: Bearer`, or once on the login page; "" asks nobody.
    policy
        The Content-Security-Policy of a path.
    clock
        For the end of a session; the wall's, for people log in by it.
    """

    def __init__(
        self, app: ASGIApp, *, token: str, policy: Policy, clock: Clock | None = None
    ) -> None:
        self._app, self._token, self._policy = app, token, policy
        self._clock = clock or WallClock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), scope["path"]
        refusal = self._refusal(headers, path, scope)
        if scope["type"] == "websocket":
            if refusal is None:
                await self._app(scope, receive, send)
            else:  # before it is accepted: the handshake is answered with 403
                await send({"type": "websocket.close", "code": 4401, "reason": "refused"})
            return
        secured = self._secured(send, path)
        if refusal is None and path == "/login" and self._token:
            refusal = await self._login(Request(scope, receive))
        if refusal is None:
            await self._app(scope, receive, secured)
        else:
            await refusal(scope, receive, secured)

    def _refusal(self, headers: Headers, path: str, scope: Scope) -> Response | None:
        host = headers.get("host", "")
        if not self._token and _is_public_name(host):
            return problem(
                path,
                403,
                f"Host is {host[:80]!r}: without a token we answer to addresses and local names"
                " alone, because any page may let a public name point here;"
                " set POSTMINE_HTTP_TOKEN to use a name",
            )
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return problem(
                path, 403, f"Origin is {origin[:80]!r}: pages of other origins may not ask us"
            )
        if not self._token or path in _OPEN or self._is_known(headers):
            return None
        if scope.get("method") == "GET" and "text/html" in headers.get("accept", ""):
            query = scope.get("query_string", b"").decode("latin-1")
            target = quote(path + (f"?{query}" if query else ""), safe="")
            return RedirectResponse(f"/login?next={target}", status_code=303)
        return problem(
            path,
            401,
            "a token is needed: send the header Authorization: Bearer <POSTMINE_HTTP_TOKEN>",
            headers={"WWW-Authenticate": "Bearer"},
        )

    def _is_known(self, headers: Headers) -> bool:
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._is_token(shown.strip())
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        until, _, mark = (cookie.value if cookie else "").partition(".")
        if not until.isascii() or not until.isdigit() or len(until) > 12:
            return False
        alive = int(until) > self._clock.now().timestamp()
        return alive and hmac.compare_digest(mark.encode(), self._mark(until).encode())

    def _is_token(self, shown: str) -> bool:
        return hmac.compare_digest(shown.encode(), self._token.encode())

    def _mark(self, until: str) -> str:
        """Return what only a holder of the token can write beside `until`."""
        return hmac.new(
            self._token.encode(), f"session {until}".encode(), hashlib.sha256
        ).hexdigest()

    async def _login(self, request: Request) -> Response:
        target = request.query_params.get("next", "/")
        if not target.startswith("/") or target[1:2] in ("/", "\\"):
            target = "/"  # never to another site
        if request.method != "POST":
            return _login_page(target, wrong=False)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LONGEST_LOGIN:
                return problem("/login", 413, f"the form may have {_LONGEST_LOGIN} bytes")
        shown = parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0].strip()
        if not self._is_token(shown):
            return _login_page(target, wrong=True)
        until = str(int(self._clock.now().timestamp()) + SESSION_S)
        response = RedirectResponse(target, status_code=303)
        response.set_cookie(
            COOKIE,
            f"{until}.{self._mark(until)}",
            max_age=SESSION_S,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    def _secured(self, send: Send, path: str) -> Send:
        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", self._policy.of(path))
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "same-origin")
                headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
            await send(message)

        return secured


class Policy:
    """The Content-Security-Policy: nothing of a foreign origin, no script that we did not write.

    Parameters
    ----------
    script_hashes
        Hashes of the pages' inline scripts; they are known once all callbacks are registered.
    """

    def __init__(self) -> None:
        self.script_hashes: list[str] = []

    def of(self, path: str) -> str:
        """Return the policy of a path; the offline documentation has inline scripts of its own."""
        documents = path.startswith(("/docs", "/redoc"))
        scripts = ["'unsafe-inline'"] if documents else self.script_hashes
        return "; ".join(
            [
                "default-src 'self'",
                " ".join(["script-src 'self'", *scripts]),
                "style-src 'self' 'unsafe-inline'",
                "img-src 'self' data: blob:",
                "font-src 'self' data:",
                "connect-src 'self'",
                "worker-src 'self' blob:",
                "object-src 'none'",
                "base-uri 'self'",
                "form-action 'self'",
                "frame-ancestors 'self'",
            ]
        )


def script_hashes(page: str) -> list[str]:
    """Return what a policy must hold for each inline script (not: data) of a page."""
    return [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for attributes, script in _SCRIPT.findall(page)
        if "src=" not in attributes and "application/json" not in attributes
    ]


def _is_public_name(host: str) -> bool:
    """Return whether `host` is a name that somebody else could let point at this machine.

    An address cannot, and a name without a dot is resolved by this machine or its network.
    """
    name = host.rsplit(":", 1)[0] if host.count(":") == 1 else host
    try:
        ipaddress.ip_address(name.strip("[]").partition("]")[0])
    except ValueError:
        return "." in name.rstrip(".") and not name.rstrip(".").endswith(".localhost")
    return False


def _login_page(target: str, *, wrong: bool) -> Response:
    page = _LOGIN.read_text(encoding="utf-8")
    page = page.replace("{action}", html.escape(f"/login?next={quote(target, safe='')}"))
    page = page.replace("{hidden}", "" if wrong else "hidden")
    return HTMLResponse(
        page, status_code=401 if wrong else 200, headers={"Cache-Control": "no-store"}
    )
