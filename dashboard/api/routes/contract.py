"""`/contract`: what a site's file and a message may hold, for editors and generators."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from dashboard.api.documents import answer, describes
from dashboard.contract import DOCUMENTS
from dashboard.questions import UnknownName

router = APIRouter(tags=["contract"])


class ContractAnswer(msgspec.Struct, kw_only=True):
    """The names of the documents."""

    documents: list[str]


EXAMPLE = ContractAnswer(documents=list(DOCUMENTS))


@router.get("/contract", **describes(ContractAnswer, EXAMPLE))
def list_contract(request: Request) -> Response:
    """Return what there is: JSON Schemas of the site's file and of messages, and AsyncAPI 3."""
    return answer(request, EXAMPLE)


@router.get("/contract/{name}", **describes(dict[str, Any], {"asyncapi": "3.0.0"}, 404))
def contract(
    request: Request,
    name: Annotated[str, Path(description="Its name.", examples=["asyncapi.json"])],
) -> Response:
    """Return one document of the contract, made from the code that runs."""
    if name not in DOCUMENTS:
        raise UnknownName("document", name, list(DOCUMENTS))
    return answer(request, msgspec.json.encode(DOCUMENTS[name]()))
