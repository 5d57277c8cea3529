"""The published contract: complete enough to generate a client, and true."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient

from ingest.registry import module_names

from .conftest import SMALL


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    return client.get("/openapi.json").json()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def check(document: dict[str, Any], schema: dict[str, Any], value: object) -> None:
    whole = {**schema, "components": document["components"]}
    jsonschema.Draft202012Validator(whole).validate(value)


def test_every_reference_is_there(document: dict[str, Any]) -> None:
    references = set(re.findall(r"'\$ref': '([^']+)'", str(document)))
    assert references
    for reference in references:
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in place, reference
            place = place[part]


def test_every_schema_is_a_schema(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_operation_is_named_described_and_has_a_true_example(
    document: dict[str, Any],
) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    for _, path, operation in operations(document):
        tag = operation["tags"][0]
        assert re.fullmatch(rf"{tag}-[a-z]+(-[a-z]+)*", operation["operationId"]), path
        assert operation["description"], path
        content = operation["responses"]["200"]["content"]
        if "text/csv" in content:
            assert content["text/csv"]["schema"] == {"type": "string"}, path
            continue
        check(
            document, content["application/json"]["schema"], content["application/json"]["example"]
        )


def test_every_operation_documents_its_problems(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        expected = {"401"}
        if "{" in path:
            expected.add("404")
        if [each for each in operation.get("parameters", []) if each["in"] == "query"]:
            expected.add("422")
        if method == "post":
            expected |= {"404", "422"}
        assert expected <= set(operation["responses"]), path
        for status in expected:
            content = operation["responses"][status]["content"]["application/problem+json"]
            check(document, content["schema"], content["example"])
            assert content["example"]["status"] == int(status)


def test_every_file_of_routes_is_served(document: dict[str, Any]) -> None:
    tags = {operation["tags"][0].replace("-", "_") for _, _, operation in operations(document)}
    assert tags == set(module_names("dashboard.api.routes"))


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/health",
        "/api/v1/sites",
        f"{SMALL}/instruments",
        f"{SMALL}/readings?instrument=ipi-1&quantity=displacement_a&limit=5",
        f"{SMALL}/readings?instrument=pz-1&quantity=pore_pressure&buckets=5",
        f"{SMALL}/hand-readings",
        f"{SMALL}/latest",
        f"{SMALL}/alarms",
        f"{SMALL}/dead-letters",
        f"{SMALL}/risks",
        f"{SMALL}/twin?at=2022-01-02T00:00:00Z",
    ],
)
def test_answers_are_what_the_document_says(
    client: TestClient, document: dict[str, Any], path: str
) -> None:
    template = path.split("?")[0].replace("/small", "/{site}")
    content = document["paths"][template]["get"]["responses"]["200"]["content"]
    check(document, content["application/json"]["schema"], client.get(path).json())


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_documentation_is_read_without_a_network(client: TestClient, path: str) -> None:
    page = client.get(path).text
    addresses = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
    assert addresses
    for address in addresses:
        assert address.startswith("/"), address
        assert client.get(address).status_code == 200, address
