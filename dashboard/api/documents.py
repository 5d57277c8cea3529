"""JSON out of the house's own structs, and the same structs as the OpenAPI document's schemas."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from dashboard.api.errors import EXAMPLES, MEDIA_TYPE, Problem

_REFERENCE = "#/components/schemas/{name}"
_described: list[Any] = [Problem]
#: FastAPI leaves nulls out of examples, so they are put in afterwards, by these numbers.
_examples: list[Any] = []


def answer(request: Request, value: Any) -> Response:
    """Return `value` as JSON, or 304 when the client has it already; NaN becomes null.

    Parameters
    ----------
    value
        A struct, or a document that is JSON already (bytes).
    """
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    tag = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    known = request.headers.get("If-None-Match", "")
    if tag in (each.strip() for each in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def describes(kind: Any, example: Any, *errors: int) -> dict[str, Any]:
    """Return what a route's decorator needs to document its answer.

    Parameters
    ----------
    kind
        The type of the answer.
    example
        One such answer.
    errors
        The statuses of the problems that the route can have, besides 401.
    """
    _described.append(kind)
    _examples.append(msgspec.to_builtins(example))
    return {
        "response_model": None,
        "responses": {
            200: {
                "description": "The answer",
                "content": {
                    "application/json": {
                        "schema": msgspec.json.schema_components([kind], ref_template=_REFERENCE)[
                            0
                        ][0],
                        "example": len(_examples) - 1,
                    }
                },
            },
            304: {"description": "The same as what the ETag in If-None-Match stands for"},
            **_problems(errors),
        },
    }


def describes_file(media_type: str, what: str, *errors: int) -> dict[str, Any]:
    """Return what a route's decorator needs to document a file that it answers with."""
    return {
        "response_model": None,
        "response_class": Response,
        "responses": {
            200: {"description": what, "content": {media_type: {"schema": {"type": "string"}}}},
            **_problems(errors),
        },
    }


def _problems(errors: tuple[int, ...]) -> dict[int, Any]:
    return {
        status: {
            "description": EXAMPLES[status].title,
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": _REFERENCE.format(name="Problem")},
                    "example": msgspec.to_builtins(EXAMPLES[status]),
                }
            },
        }
        for status in (401, *errors)
    }


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, with the schemas of all described answers."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        for methods in made["paths"].values():
            for operation in methods.values():
                content = operation["responses"]["200"]["content"].get("application/json")
                if content is not None:  # a file has no example
                    content["example"] = _examples[content["example"]]
        components = made.setdefault("components", {})
        _, schemas = msgspec.json.schema_components(_described, ref_template=_REFERENCE)
        components["schemas"] = {**components.get("schemas", {}), **schemas}
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{}, {"token": []}]
        app.openapi_schema = made
    return app.openapi_schema


def operations(app: FastAPI, path: str) -> dict[str, Any]:
    """Return what can be done with a path, by method; empty for an unknown one."""
    given = path.split("/")
    for template, found in document(app)["paths"].items():
        wanted = template.split("/")
        if len(given) == len(wanted) and all(
            want.startswith("{") or want == give for give, want in zip(given, wanted, strict=True)
        ):
            return dict(found)
    return {}
