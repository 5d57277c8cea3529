"""Every error of the API in one shape: RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, get_args, get_origin

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboard.questions import BadQuestion, UnknownName
from ingest.errors import ServiceError
from twin.land_use import InputsRefused

MEDIA_TYPE = "application/problem+json"


class WrongInput(msgspec.Struct, kw_only=True):
    """One thing in the request that cannot be used.

    `parameter` is the name of a query parameter, of a part of the path, or of a key of the body.
    """

    parameter: str
    value: str | None
    cure: str


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What went wrong (RFC 9457).

    `errors` lists what is wrong in the request, `legal` the names that could have been given.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[WrongInput] = []
    legal: list[str] = []


EXAMPLES = {
    401: Problem(
        type="urn:postmine:problem:unauthorized",
        title="Unauthorized",
        status=401,
        detail="a token is needed: send the header Authorization: Bearer <POSTMINE_HTTP_TOKEN, or a"
        " key made by `postmine key add`>",
        instance="/api/v1/sites",
    ),
    403: Problem(
        type="urn:postmine:problem:forbidden",
        title="Forbidden",
        status=403,
        detail="this needs the role operator; the key that was shown has viewer",
        instance="/api/v1/sites/abaza/alarms/3/acknowledge",
    ),
    404: Problem(
        type="urn:postmine:problem:not-found",
        title="Not Found",
        status=404,
        detail="site 'abasa' is not known; legal: abaza",
        instance="/api/v1/sites/abasa/latest",
        legal=["abaza"],
    ),
    422: Problem(
        type="urn:postmine:problem:unprocessable-content",
        title="Unprocessable Content",
        status=422,
        detail="from is '2022-01-01T00:00:00': give a time with its zone",
        instance="/api/v1/sites/abaza/readings",
        errors=[
            WrongInput(
                parameter="from", value="2022-01-01T00:00:00", cure="give a time with its zone"
            )
        ],
    ),
    503: Problem(
        type="urn:postmine:problem:service-unavailable",
        title="Service Unavailable",
        status=503,
        detail="data folder /var/lib/postmine does not take data: disk full",
        instance="/api/v1/sites/abaza/readings",
    ),
}


def problem(
    path: str,
    status: int,
    detail: str,
    *,
    errors: list[WrongInput] | None = None,
    legal: list[str] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return the answer that says what went wrong."""
    title = _title(status)
    body = Problem(
        type=f"urn:postmine:problem:{title.lower().replace(' ', '-')}",
        title=title,
        status=status,
        detail=detail,
        instance=path,
        errors=errors or [],
        legal=legal or [],
    )
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def register_errors(app: FastAPI) -> None:
    """Answer every error of `app` in this shape."""
    app.add_exception_handler(UnknownName, _unknown_name)
    app.add_exception_handler(BadQuestion, _bad_question)
    app.add_exception_handler(InputsRefused, _refused_inputs)
    app.add_exception_handler(RequestValidationError, _wrong_request)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ServiceError, _service)
    app.add_exception_handler(Exception, _failure)


def _title(status: int) -> str:
    # Python 3.13 renames this phrase to the one of RFC 9110.
    return "Unprocessable Content" if status == 422 else HTTPStatus(status).phrase


def _unknown_name(request: Request, error: Exception) -> Response:
    assert isinstance(error, UnknownName)
    return problem(request.url.path, 404, str(error), legal=error.legal)


def _bad_question(request: Request, error: Exception) -> Response:
    assert isinstance(error, BadQuestion)
    wrong = WrongInput(parameter=error.parameter, value=_short(error.value), cure=error.cure)
    return problem(request.url.path, 422, str(error), errors=[wrong])


def _refused_inputs(request: Request, error: Exception) -> Response:
    assert isinstance(error, InputsRefused)
    wrong = [
        WrongInput(
            parameter=f"inputs.{each.name}",
            value=None if each.value is None else _short(each.value),
            cure=f"legal: {each.legal}",
        )
        for each in error.refusals
    ]
    return problem(request.url.path, 422, str(error), errors=wrong)


def _wrong_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = [_wrong_input(request, each) for each in error.errors()]
    detail = "; ".join(
        f"{each.parameter} is {each.value!r}: {each.cure}"
        if each.value is not None
        else f"{each.parameter}: {each.cure}"
        for each in wrong
    )
    return problem(request.url.path, 422, detail, errors=wrong)


def _wrong_input(request: Request, each: dict[str, Any]) -> WrongInput:
    """Return what a finding of pydantic says to somebody who knows neither it nor our code."""
    where, given = each["loc"], each.get("input")
    parameter = ".".join(map(str, where[1:])) or str(where[0])
    value = None if each["type"] == "missing" else _short(given)
    cure = each["msg"].removeprefix("Value error, ")
    if each["type"] == "json_invalid":
        reason = each.get("ctx", {}).get("error", "")
        return WrongInput(
            parameter="body", value=None, cure=f"not JSON at character {where[-1]}: {reason}"
        )
    if where == ("body",) and isinstance(given, bytes):
        kind = request.headers.get("content-type")
        cure = "give JSON with the header Content-Type: application/json"
        return WrongInput(parameter="body", value=_short(kind or "of no Content-Type"), cure=cure)
    if each["type"] == "extra_forbidden" and where[0] == "body":
        cure = _legal_keys(request, where[1:-1])
    elif each["type"] in ("model_attributes_type", "model_type", "dict_type"):
        cure = "give a JSON object"
    elif each["type"] == "list_type":
        cure = "give a JSON list"
    return WrongInput(parameter=parameter, value=value, cure=cure)


def _legal_keys(request: Request, where: Sequence[int | str]) -> str:
    """Return in words which keys a part of the route's body has."""
    field = getattr(request.scope.get("route"), "body_field", None)
    model = _model(getattr(getattr(field, "field_info", None), "annotation", None))
    for step in where:
        if model is not None and step in model.model_fields:
            model = _model(model.model_fields[str(step)].annotation)
    if model is None:
        return "no such key"
    cure = f"no such key; legal: {', '.join(model.model_fields)}"
    tables = [
        name
        for name, inner in model.model_fields.items()
        if any(get_origin(kind) is dict for kind in (inner.annotation, *get_args(inner.annotation)))
    ]
    return f"{cure}; names with their values stand under {' or '.join(tables)}" if tables else cure


def _model(annotation: Any) -> type[BaseModel] | None:
    """Return the model of a type: of itself, of a list's or a table's items, of `X | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model(inner) for inner in get_args(annotation))
    return next((each for each in found if each is not None), None)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(
        request.url.path,
        error.status_code,
        str(error.detail),
        headers=dict(error.headers or {}),
    )


def _service(request: Request, error: Exception) -> Response:
    return problem(request.url.path, 503, str(error), headers={"Retry-After": "10"})


def _failure(request: Request, _error: Exception) -> Response:
    return problem(request.url.path, 500, "an error of ours; the server's log says what it was")


def _short(value: Any) -> str:
    return str(value)[:80]
