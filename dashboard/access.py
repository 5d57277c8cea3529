"""Who may talk to us: foreign pages may not, and beyond loopback only who has a key.

ASGI middleware, so that it stands before websockets too.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import ipaddress
import os
import re
import secrets
import time
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import anyio.to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from analytics.keys import Keys
from dashboard.actor import LOCAL, Actor, set_actor
from dashboard.api.errors import problem
from ingest.clock import Clock, WallClock
from ingest.errors import ConfigurationError, ServiceError
from ingest.settings import Settings

COOKIE = "postmine_session"
#: A session ends after this long and asks for the token again [s].
SESSION_S = 30 * 86_400
#: A token that can be guessed is none.
SHORTEST_TOKEN = 16
#: Who shows POSTMINE_HTTP_TOKEN: it makes the beginning, and has no name.
ADMINISTRATOR = Actor("", "admin")
#: How long it may take until the first key that is made closes a server that runs [s].
_LOOK_S = 1.0
_READS = {"GET", "HEAD", "OPTIONS"}
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


def required_token(settings: Settings, host: str | None = None, *, has_keys: bool = False) -> str:
    """Return the administrator's token, "" when there is none.

    Parameters
    ----------
    host
        Where we listen; that of the settings if it is not given.
    has_keys
        Whether there are keys, so that everybody must show one.

    Raises
    ------
    ConfigurationError
        When others could reach us without token and key, or the token is too short.
    """
    host = settings.http_host if host is None else host
    token = settings.http_token.get_secret_value()
    cure = (
        "make one with `openssl rand -hex 32` and set POSTMINE_HTTP_TOKEN, or make a key with"
        " `postmine key add`"
    )
    if token and len(token) < SHORTEST_TOKEN:
        raise ConfigurationError(
            "setting POSTMINE_HTTP_TOKEN",
            value="(not shown)",
            legal=f"{SHORTEST_TOKEN} characters or more",
            cure=cure,
        )
    if not token and not has_keys and not is_loopback(host):
        raise ConfigurationError(
            "setting POSTMINE_HTTP_HOST",
            value=host,
            legal="a loopback address such as 127.0.0.1, as long as there is no token and no key",
            cure=cure,
        )
    return token


def session_secret(folder: Path) -> bytes:
    """Return what seals the sessions of a run's web server; made at the first use.

    Raises
    ------
    ServiceError
        When the folder cannot be used.
    """
    path = folder / "session.secret"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            part = path.with_suffix(f".{os.getpid()}.part")
            part.touch(0o600)
            part.write_bytes(secrets.token_bytes(32))
            try:
                path.hardlink_to(part)  # fails where another process was first
            except FileExistsError:
                pass
            finally:
                part.unlink()
        return path.read_bytes()
    except OSError as error:
        raise ServiceError(f"data folder {folder} cannot be used: {error}") from error


class Access:
    """Refuses foreign pages, asks for a key, and adds the security headers.

    Parameters
    ----------
    token
        The administrator's; shown as `Authorization: Bearer`, or once on the login page.
    policy
        The Content-Security-Policy of a path.
    clock
        For the end of a session; the wall's, for people log in by it.
    keys
        Everybody else's. Without token and keys nobody is asked.
    secret
        Seals the sessions of keys.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str,
        policy: Policy,
        clock: Clock | None = None,
        keys: Keys | None = None,
        secret: bytes = b"",
    ) -> None:
        self._app, self._token, self._policy = app, token, policy
        self._clock = clock or WallClock()
        self._keys, self._secret = keys, secret
        self._closed = bool(token) or (keys is not None and keys.exist())
        self._next_look = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        # What has no server behind it is our own first request, and comes from no network.
        if scope["type"] == "lifespan" or scope.get("postmine.inside"):
            await self._app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), scope["path"]
        await self._look()
        try:
            actor = await self._actor(headers)
            refusal = self._refusal(headers, path, scope, actor)
            if refusal is None and path == "/login" and self._closed and scope["type"] == "http":
                refusal = await self._login(Request(scope, receive))
        except ServiceError as error:
            actor, refusal = None, problem(path, 503, str(error), headers={"Retry-After": "10"})
        set_actor(actor or Actor("", "viewer"))
        if scope["type"] == "websocket":
            if refusal is None:
                await self._app(scope, receive, send)
            else:  # before it is accepted: the handshake is answered with 403
                await send({"type": "websocket.close", "code": 4401, "reason": "refused"})
            return
        secured = self._secured(send, path)
        if refusal is None:
            await self._app(scope, receive, secured)
        else:
            await refusal(scope, receive, secured)

    async def _look(self) -> None:
        """Notice the first key while the server runs; what was closed is not opened again."""
        if self._closed or self._keys is None or time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LOOK_S
        try:
            self._closed = await anyio.to_thread.run_sync(self._keys.exist)
        except ServiceError:
            return  # the journal is away: as it was

    def _refusal(
        self, headers: Headers, path: str, scope: Scope, actor: Actor | None
    ) -> Response | None:
        host = headers.get("host", "")
        if not self._closed and _is_public_name(host):
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
        if path in _OPEN:
            return None
        if actor is not None:
            # Each route asks for its role; what forgot to is closed to those who may only read.
            writes = path.startswith("/api/") and scope.get("method", "GET") not in _READS
            if writes and not actor.may("operator"):
                return problem(path, 403, "a viewer may read; this needs the role operator or more")
            return None
        if scope.get("method") == "GET" and "text/html" in headers.get("accept", ""):
            query = scope.get("query_string", b"").decode("latin-1")
            target = quote(path + (f"?{query}" if query else ""), safe="")
            return RedirectResponse(f"/login?next={target}", status_code=303)
        return problem(
            path,
            401,
            "a token is needed: send the header Authorization: Bearer <POSTMINE_HTTP_TOKEN, or a"
            " key made by `postmine key add`>",
            headers={"WWW-Authenticate": "Bearer"},
        )

    async def _actor(self, headers: Headers) -> Actor | None:
        """Return who asks, None for somebody who must say so first."""
        if not self._closed:
            return LOCAL
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return (await self._by_secret(shown.strip()))[0]
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return None
        until, _, mark = (cookie.value if cookie else "").partition(".")
        if not until.isascii() or not until.isdigit() or len(until) > 12:
            return None
        if int(until) <= self._clock.now().timestamp():
            return None
        if "." in mark:
            return await self._by_session(until, *mark.split(".", 1))
        known = self._token and hmac.compare_digest(mark.encode(), self._mark(until).encode())
        return ADMINISTRATOR if known else None

    async def _by_secret(self, shown: str) -> tuple[Actor | None, int]:
        """Return whose secret this is, and the number of the key (0: the administrator's token)."""
        if self._token and hmac.compare_digest(shown.encode(), self._token.encode()):
            return ADMINISTRATOR, 0
        if self._keys is None:
            return None, 0
        key = await anyio.to_thread.run_sync(self._keys.holder, shown)
        return (Actor(key.name, key.role), key.id) if key else (None, 0)

    async def _by_session(self, until: str, number: str, seal: str) -> Actor | None:
        if self._keys is None or not re.fullmatch("[0-9]{1,15}", number):
            return None
        found = await anyio.to_thread.run_sync(self._keys.seal, int(number), until, self._secret)
        if found is None or not hmac.compare_digest(seal.encode(), found[1].encode()):
            return None
        return Actor(found[0].name, found[0].role)

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
        actor, number = await self._by_secret(shown)
        if actor is None:
            return _login_page(target, wrong=True)
        until = str(int(self._clock.now().timestamp()) + SESSION_S)
        mark = self._mark(until)
        if number:
            assert self._keys is not None
            found = await anyio.to_thread.run_sync(self._keys.seal, number, until, self._secret)
            if found is None:  # revoked in this very moment
                return _login_page(target, wrong=True)
            mark = f"{number}.{found[1]}"
        response = RedirectResponse(target, status_code=303)
        response.set_cookie(
            COOKIE,
            f"{until}.{mark}",
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
