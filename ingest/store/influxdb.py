"""The server: one bucket of an InfluxDB 2, its setup, and its errors in plain words.

This is the only file that knows influxdb-client.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from urllib.parse import urlsplit

import pandas as pd
import urllib3
from influxdb_client import (
    Authorization,
    BucketRetentionRules,
    Dialect,
    InfluxDBClient,
    OnboardingRequest,
    Permission,
    PermissionResource,
)
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from influxdb_client.service.setup_service import SetupService

from ingest.errors import ConfigurationError, PostmineError, ServiceError
from ingest.store import flux
from ingest.text import Reason, Text

_TIMEOUT_MS = 30_000
_PING_S = 2.0
_DIALECT = Dialect(header=True, annotations=[], delimiter=",", date_time_format="RFC3339Nano")


class Unwritable(PostmineError):
    """InfluxDB will never take this block of lines, however often it is sent."""


class Away(ServiceError):
    """InfluxDB does not answer; later it may."""


class InfluxServer:
    """One bucket of an InfluxDB 2, and what it answers in plain words.

    Parameters
    ----------
    url
        `http://host:port` or `https://host:port`.
    token
        A token that may read and write the bucket.
    """

    def __init__(self, url: str, token: str, org: str, bucket: str) -> None:
        self.url, self.org, self.bucket = url.rstrip("/"), org, bucket
        self._client = InfluxDBClient(self.url, token=token, org=org, timeout=_TIMEOUT_MS)
        self._write = self._client.write_api(SYNCHRONOUS)
        self._query = self._client.query_api()

    @property
    def address(self) -> str:
        """The server's address without credentials."""
        return _address(self.url)

    def write(self, lines: bytes) -> int:
        """Write a block of line protocol; return how many points were too old for the bucket.

        Raises
        ------
        Unwritable
            When a line of the block can never be written, or the block is too large.
        ServiceError
            When InfluxDB cannot take anything now.
        """
        try:
            with self._plain_errors():
                self._write.write(self.bucket, self.org, lines)
        except _PartlyWritten as error:
            return error.dropped
        return 0

    def query(self, text: str) -> dict[str, pd.DataFrame]:
        """Return the tables of a Flux query by the name of their `yield`.

        Raises
        ------
        ServiceError
            When InfluxDB does not answer it.
        """
        with self._plain_errors():
            answer = self._query.query_raw(text, dialect=_DIALECT).data
        return flux.parse(answer)

    def claim(self, run_id: int) -> None:
        """Mark the bucket as this run's.

        Raises
        ------
        ConfigurationError
            When it is another run's.
        ServiceError
            When InfluxDB does not answer.
        """
        marked = self.query(flux.owner(self.bucket))
        owners = marked["owner"]["value"].tolist() if "owner" in marked else []
        if owners and int(owners[-1]) != run_id:
            raise ConfigurationError(
                "setting POSTMINE_INFLUXDB_BUCKET",
                value=self.bucket,
                legal="a bucket of this run's own",
                cure=f"it holds the readings of another run at {self.address}, and two runs in one"
                " bucket could not be told apart: make one with `postmine influxdb-init`",
            )
        # Anew at each start: a bucket that keeps a month forgets what was marked before.
        self.write(f"{flux.OWNER} run={run_id}i".encode())

    def answers(self) -> bool:
        """Return whether there is a server that takes questions, without waiting long."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=_PING_S) as answer:
                return bool(answer.status == 200)
        except (OSError, HTTPException):
            return False

    def check(self) -> None:
        """Raise ServiceError unless the bucket can be read."""
        self.query(flux.reachable(self.bucket))

    def close(self) -> None:
        """Close the connections."""
        self._write.close()
        self._client.close()

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except ApiException as error:
            raise self._meaning(error) from error
        except urllib3.exceptions.HTTPError as error:
            raise Away(
                Reason(
                    Text(
                        "InfluxDB at {address} does not answer ({error}): start it, or"
                        " correct POSTMINE_INFLUXDB_URL; what has been received waits in"
                        " the spool",
                        {"address": self.address, "error": type(error).__name__},
                    )
                )
            ) from error

    def _meaning(self, error: ApiException) -> Exception:
        said = _said(error)
        if error.status == 401:
            return ServiceError(
                Reason(
                    Text(
                        "InfluxDB at {address} refuses the token: set"
                        " POSTMINE_INFLUXDB_TOKEN to one that may read and write bucket"
                        " {bucket} of organisation {organisation} (`postmine influxdb-init`"
                        " makes one)",
                        {
                            "address": self.address,
                            "bucket": repr(self.bucket),
                            "organisation": repr(self.org),
                        },
                    )
                )
            )
        if error.status == 403:
            return ServiceError(
                Reason(
                    Text(
                        "InfluxDB at {address} does not let this token use bucket {bucket}"
                        " of organisation {organisation}: {said}; give"
                        " POSTMINE_INFLUXDB_TOKEN the right to read and write it",
                        {
                            "address": self.address,
                            "bucket": repr(self.bucket),
                            "organisation": repr(self.org),
                            "said": said,
                        },
                    )
                )
            )
        if "organization" in said and "not found" in said:
            return ServiceError(
                Reason(
                    Text(
                        "InfluxDB at {address} has no organisation {organisation}: set"
                        " POSTMINE_INFLUXDB_ORG, or make it with `postmine influxdb-init`",
                        {"address": self.address, "organisation": repr(self.org)},
                    )
                )
            )
        if "bucket" in said and ("not found" in said or "could not find" in said):
            return ServiceError(
                Reason(
                    Text(
                        "InfluxDB at {address} has no bucket {bucket} that this token may"
                        " use: set POSTMINE_INFLUXDB_BUCKET, or make it with `postmine"
                        " influxdb-init`",
                        {"address": self.address, "bucket": repr(self.bucket)},
                    )
                )
            )
        if error.status == 404:
            return ServiceError(
                Reason(
                    Text(
                        "{address} is no InfluxDB 2: it does not know /api/v2; correct"
                        " POSTMINE_INFLUXDB_URL",
                        {"address": self.address},
                    )
                )
            )
        if error.status in (400, 413):
            return Unwritable(said)
        if error.status == 422 and "retention policy" in said:
            dropped = re.search(r"dropped=(\d+)", said)
            return _PartlyWritten(int(dropped[1]) if dropped else 1)
        if error.status == 422:
            return ServiceError(
                Reason(
                    Text(
                        "bucket {bucket} of InfluxDB at {address} holds other data of the"
                        " same name: {said}; give this run a bucket of its own"
                        " (POSTMINE_INFLUXDB_BUCKET)",
                        {"bucket": repr(self.bucket), "address": self.address, "said": said},
                    )
                )
            )
        return Away(
            Reason(
                Text(
                    "InfluxDB at {address} cannot serve this now ({status}): {said}",
                    {"address": self.address, "status": str(error.status), "said": said},
                )
            )
        )


class InfluxAdmin:
    """What an administrator does on a server: organisation, bucket and token.

    Parameters
    ----------
    token
        An operator's token; or else
    user, password
        An administrator's name and password.
    """

    def __init__(self, url: str, *, token: str = "", user: str = "", password: str = "") -> None:
        self.url = url.rstrip("/")
        if token:
            self._client = InfluxDBClient(self.url, token=token, timeout=_TIMEOUT_MS)
        else:
            with _admin_errors(self.url):
                self._client = InfluxDBClient(
                    self.url, username=user, password=password, timeout=_TIMEOUT_MS
                )

    def organisation(self, name: str) -> tuple[str, bool]:
        """Return the id of an organisation, and whether it was made for that."""
        api = self._client.organizations_api()
        with _admin_errors(self.url):
            for found in api.find_organizations():
                if found.name == name:
                    return str(found.id), False
            return str(api.create_organization(name=name).id), True

    def bucket(self, name: str, organisation: str, retention_s: int) -> tuple[str, bool]:
        """Return the id of a bucket, and whether it was made for that; 0 s: kept for ever."""
        api = self._client.buckets_api()
        with _admin_errors(self.url):
            try:
                for found in api.find_buckets(name=name, org_id=organisation).buckets:
                    return str(found.id), False
            except ApiException as error:
                if error.status != 404:
                    raise
            rules = BucketRetentionRules(type="expire", every_seconds=retention_s)
            made = api.create_bucket(bucket_name=name, org=organisation, retention_rules=rules)
            return str(made.id), True

    def token(self, organisation: str, bucket: str) -> str:
        """Return a new token that may read and write one bucket and nothing else."""
        permissions = [
            Permission(
                action=action,
                resource=PermissionResource(type="buckets", id=bucket, org_id=organisation),
            )
            for action in ("read", "write")
        ]
        with _admin_errors(self.url):
            made = self._client.authorizations_api().create_authorization(
                authorization=Authorization(
                    org_id=organisation, permissions=permissions, description="postmine"
                )
            )
        return str(made.token)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def is_fresh(url: str) -> bool:
    """Return whether a server has not been set up yet."""
    with InfluxDBClient(url, token="", timeout=_TIMEOUT_MS) as client, _admin_errors(url):
        return bool(SetupService(client.api_client).get_setup().allowed)


def set_up(url: str, *, user: str, password: str, org: str, bucket: str, retention_s: int) -> str:
    """Set a fresh server up with its first administrator; return the operator's token."""
    request = OnboardingRequest(
        username=user,
        password=password,
        org=org,
        bucket=bucket,
        retention_period_seconds=retention_s,
    )
    with InfluxDBClient(url, token="", timeout=_TIMEOUT_MS) as client, _admin_errors(url):
        return str(SetupService(client.api_client).post_setup(request).auth.token)


@contextmanager
def _admin_errors(url: str) -> Iterator[None]:
    try:
        yield
    except ApiException as error:
        if error.status in (401, 403):
            raise ServiceError(
                f"InfluxDB at {_address(url)} refuses the administrator ({_said(error)}): set"
                " POSTMINE_INFLUXDB_ADMIN_TOKEN to an operator's token, or"
                " POSTMINE_INFLUXDB_ADMIN_USER and POSTMINE_INFLUXDB_ADMIN_PASSWORD"
            ) from error
        raise ServiceError(
            f"InfluxDB at {_address(url)} cannot be set up ({error.status}): {_said(error)}"
        ) from error
    except urllib3.exceptions.HTTPError as error:
        raise ServiceError(
            f"InfluxDB at {_address(url)} does not answer ({type(error).__name__}): start it, or"
            " correct POSTMINE_INFLUXDB_URL"
        ) from error


class _PartlyWritten(Exception):
    """Some points are older than what the bucket keeps; the others were written."""

    def __init__(self, dropped: int) -> None:
        self.dropped = dropped


def _address(url: str) -> str:
    """Return a server's address without credentials."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def _said(error: ApiException) -> str:
    """Return the server's own words."""
    body = error.body or error.reason or ""
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return str(body)[:300]
