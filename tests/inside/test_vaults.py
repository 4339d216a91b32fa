"""The real client libraries, against servers of our own: what they read is told, and they return what they did."""

from __future__ import annotations

import base64
import json
import secrets
import sqlite3
import threading
import types
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from jupyter_guard.inside.child import drivers, vaults
from jupyter_guard.scrub import KnownValues, scrub


class Server:
    """Answers each request with ``answer``, a JSON value."""

    def __init__(self) -> None:
        self.answer: Any = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = json.dumps(outer.answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def told() -> Iterator[list[tuple[str, str, str]]]:
    found: list[tuple[str, str, str]] = []
    vaults.start(lambda value, kind, name: found.append((value, kind, name)))
    yield found
    vaults.stop()


@pytest.fixture
def value() -> str:
    return "orchard " + secrets.token_urlsafe(12)


def aws(service: str, server: Server) -> Any:
    boto3 = pytest.importorskip("boto3")
    return boto3.client(
        service, region_name="eu-west-1", endpoint_url=server.url, aws_access_key_id="a", aws_secret_access_key="b"
    )


def test_amazon_secrets_manager(server: Server, told: list[Any], value: str) -> None:
    server.answer = {"Name": "warehouse", "SecretString": json.dumps({"user": "etl", "password": value})}
    answer = aws("secretsmanager", server).get_secret_value(SecretId="warehouse")
    assert json.loads(answer["SecretString"])["password"] == value
    assert {one for one, kind, _ in told if kind == vaults.READ} == {answer["SecretString"], value}


def test_amazon_parameters_are_secret_where_they_are_secure(server: Server, told: list[Any], value: str) -> None:
    client = aws("ssm", server)
    server.answer = {"Parameter": {"Name": "/db", "Type": "String", "Value": "eu-west-1"}}
    client.get_parameter(Name="/db")
    assert told == []
    server.answer = {"Parameters": [{"Name": "/db", "Type": "SecureString", "Value": value}]}
    client.get_parameters(Names=["/db"], WithDecryption=True)
    assert told == [(value, vaults.READ, "")]


def test_other_calls_of_amazon_tell_nothing(server: Server, told: list[Any]) -> None:
    server.answer = {"SecretList": [{"Name": "warehouse"}]}
    assert aws("secretsmanager", server).list_secrets()["SecretList"][0]["Name"] == "warehouse"
    assert told == []


@pytest.mark.parametrize("version", [1, 2])
def test_hashicorp_vault(server: Server, told: list[Any], value: str, version: int) -> None:
    hvac = pytest.importorskip("hvac")
    client = hvac.Client(url=server.url, token="root")
    if version == 1:
        server.answer = {"data": {"password": value}}
        assert client.secrets.kv.v1.read_secret("app")["data"]["password"] == value
    else:
        server.answer = {"data": {"data": {"password": value}, "metadata": {"created_time": "2026-01-01T00:00:00Z"}}}
        answer = client.secrets.kv.v2.read_secret_version("app", raise_on_deleted_version=True)
        assert answer["data"]["data"]["password"] == value
    assert told == [(value, vaults.READ, "")]


def test_azure_key_vault(server: Server, told: list[Any], value: str) -> None:
    azure = pytest.importorskip("azure.keyvault.secrets")
    from azure.core.credentials import AccessToken
    from azure.core.pipeline.transport import RequestsTransport

    class Local(RequestsTransport):
        def send(self, request: Any, **kwargs: Any) -> Any:
            # The client insists on https.
            request.url = server.url + "/" + request.url.split("/", 3)[3]
            return super().send(request, **kwargs)

    class Credential:
        def get_token(self, *_: str, **__: object) -> AccessToken:
            return AccessToken("t", 2**31)

    server.answer = {"id": "https://lab.vault.azure.net/secrets/db/1", "value": value, "attributes": {}}
    client = azure.SecretClient("https://lab.vault.azure.net", Credential(), transport=Local())
    assert client.get_secret("db").value == value
    assert told == [(value, vaults.READ, "")]


def test_google_secret_manager(told: list[Any], value: str) -> None:
    google = pytest.importorskip("google.cloud.secretmanager_v1")
    import grpc
    from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
        SecretManagerServiceGrpcTransport,
    )

    answer = google.AccessSecretVersionResponse(name="n", payload={"data": value.encode()})

    def access(request: bytes, _context: object) -> bytes:
        return google.AccessSecretVersionResponse.serialize(answer)

    method = grpc.unary_unary_rpc_method_handler(access)
    from concurrent.futures import ThreadPoolExecutor

    server = grpc.server(ThreadPoolExecutor(1))
    name = "google.cloud.secretmanager.v1.SecretManagerService"
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(name, {"AccessSecretVersion": method})])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        client = google.SecretManagerServiceClient(transport=SecretManagerServiceGrpcTransport(channel=channel))
        read = client.access_secret_version(name="projects/p/secrets/s/versions/1")
        assert read.payload.data == value.encode()
    finally:
        server.stop(0)
    assert told == [(value, vaults.READ, "")]


def test_keyring(told: list[Any], value: str) -> None:
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend

    stored: list[str] = []

    class Memory(KeyringBackend):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return value if username == "etl" else None

        def set_password(self, service: str, username: str, password: str) -> None:
            stored.append(password)

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    try:
        assert keyring.get_password("warehouse", "nobody") is None
        assert told == []
        assert keyring.get_password("warehouse", "etl") == value
        keyring.set_password("warehouse", "etl", value + "-new")
    finally:
        keyring.set_keyring(before)
    assert stored == [value + "-new"]
    assert (value, vaults.READ, "") in told
    assert (value + "-new", vaults.READ, "") in told


def test_databricks(server: Server, told: list[Any], value: str) -> None:
    sdk = pytest.importorskip("databricks.sdk")
    server.answer = {"key": "k", "value": base64.b64encode(value.encode()).decode()}
    client = sdk.WorkspaceClient(host=server.url, token="t", auth_type="pat")
    assert client.dbutils.secrets.get("lab", "k") == value
    assert (value, vaults.READ, "") in told


def test_what_a_program_says_is_secret(told: list[Any], value: str) -> None:
    pydantic = pytest.importorskip("pydantic")

    fields = {"user": (str, ...), "password": (pydantic.SecretStr, ...), "key": (pydantic.SecretBytes, ...)}
    made = pydantic.create_model("Settings", **fields)(user="ann", password=value, key=value[::-1].encode())
    assert made.password.get_secret_value() == value
    assert told == [(value, vaults.READ, ""), (value[::-1], vaults.READ, "")]


def test_amazon_keys(server: Server, told: list[Any]) -> None:
    # An escape character and what follows it are a terminal's, whatever they were in a key.
    raw = secrets.token_bytes(31).replace(b"\x1b", b"\x1a") + b"\xff"
    server.answer = {"KeyId": "k", "Plaintext": base64.b64encode(raw).decode()}
    assert aws("kms", server).decrypt(CiphertextBlob=b"x")["Plaintext"] == raw
    known = KnownValues()
    for one, _, _ in told:
        known.learn(one, "x")
    for shown in (repr(raw), base64.b64encode(raw).decode(), raw.hex(), raw.decode("latin-1")):
        assert scrub(f"<{shown}>", known).count("[REDACTED:x]") >= 1
        assert raw.hex()[:24] not in scrub(f"<{shown}>", known).encode("latin-1").hex()


def test_vaults_transit_engine(server: Server, told: list[Any], value: str) -> None:
    hvac = pytest.importorskip("hvac")
    plain = base64.b64encode(value.encode()).decode()
    server.answer = {"data": {"plaintext": plain}}
    client = hvac.Client(url=server.url, token="root")
    assert client.secrets.transit.decrypt_data("k", "vault:v1:x")["data"]["plaintext"] == plain
    assert {one for one, _, _ in told} == {plain, value}


def test_a_library_that_is_built_otherwise_is_said(told: list[Any]) -> None:
    with pytest.warns(RuntimeWarning, match=r"hvac\.adapters is not built as expected"):
        vaults._changed(vaults.READERS["hvac.adapters"], types.ModuleType("hvac.adapters"))


class Bare:
    """As a cursor of a driver whose `execute` is elsewhere."""


@pytest.mark.parametrize(
    ("name", "kind", "missing"),
    [
        ("pg8000.dbapi", Bare, "execute"),
        ("oracledb.cursor", Bare, "execute"),
        # Written in C: it cannot be changed.
        ("pg8000.dbapi", sqlite3.Cursor, "immutable"),
        ("pyspark.sql.session", Bare, "sql"),
        ("asyncpg.connection", Bare, "execute"),
    ],
)
def test_a_driver_of_another_shape_is_said_as_what_it_is(
    monkeypatch: pytest.MonkeyPatch, name: str, kind: type, missing: str
) -> None:
    monkeypatch.setitem(vaults._words, name, vaults.STATEMENTS)
    module = types.ModuleType(name)
    for one in ("Cursor", "AsyncCursor", "SparkSession", "Connection"):
        setattr(module, one, kind)
    with pytest.warns(RuntimeWarning, match=rf"{name} is not built as expected.*{missing}.*statements are not judged"):
        vaults._changed(drivers.DRIVERS[name], module)


def test_a_driver_that_was_changed_before_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    dbapi = pytest.importorskip("pg8000.dbapi")
    monkeypatch.setitem(vaults._words, "pg8000.dbapi", vaults.STATEMENTS)
    monkeypatch.delattr(dbapi.Cursor, "execute")
    with pytest.warns(RuntimeWarning, match=r"pg8000\.dbapi is not built as expected.*statements are not judged"):
        vaults._changed(drivers.DRIVERS["pg8000.dbapi"], dbapi)


def test_a_driver_s_statements_are_judged_by_whatever_name_they_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    class Base:
        def execute(self, operation: str, parameters: object = None) -> str:
            return operation

    class Cursor(Base):
        def prepare(self, statement: str) -> str:
            return statement

    told: list[str] = []
    monkeypatch.setattr(drivers, "_about_to", lambda _template, _place, sql, *_: told.append(sql))
    module = types.ModuleType("oracledb.cursor")
    module.Cursor = module.AsyncCursor = Cursor  # type: ignore[attr-defined]
    drivers.DRIVERS["oracledb.cursor"](module)
    assert Cursor().execute(operation="DROP TABLE a") == "DROP TABLE a"
    assert Cursor().execute("DROP TABLE b", None) == "DROP TABLE b"
    assert Cursor().prepare(statement="DROP TABLE c") == "DROP TABLE c"
    assert told == ["DROP TABLE a", "DROP TABLE b", "DROP TABLE c"]
