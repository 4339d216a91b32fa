"""Every answer under ``/jupyter-guard/`` of a real server fits the OpenAPI description, which is a whole one."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from jupyter_guard.audit import Approval, Journal, Judged
from jupyter_guard.audit.place import audit_directory
from jupyter_guard.server.routes import HANDLERS, OPENAPI
from jupyter_guard.terms import Origin, Severity, Verdict
from tests.audit.test_summary import record

from .conftest import TOKEN

SPEC: dict[str, Any] = yaml.safe_load(OPENAPI.read_text())
FINDING = Judged("JG301", Severity.HIGH, Verdict.BLOCK, "deletes table `sales`", "team preset")


@pytest.fixture(scope="module")
def kept(root: Path) -> Path:
    """A journal of the account that runs the server."""
    path = audit_directory({}, root) / "2026-01-02-k1.jsonl"
    with Journal(path) as journal:
        journal.append(record(msg_id="plain", user="ann"))
        journal.append(
            record(
                "2026-01-02T10:00:01+00:00",
                msg_id="stopped",
                user="ann",
                state="blocked",
                verdict=Verdict.BLOCK,
                would_be=Verdict.BLOCK,
                findings=(FINDING,),
                origin=Origin.ASSISTANT,
                sentence="deletes table `sales`",
                evidence=("it said so",),
                notebook="/a/<b>.ipynb",
            )
        )
        journal.append(
            record(
                "2026-01-02T10:00:02+00:00",
                msg_id="asked",
                user="bo",
                state="confirmed",
                verdict=Verdict.CONFIRM,
                would_be=Verdict.CONFIRM,
                approvals=(Approval("once", "stdin", "bo"),),
            )
        )
        journal.append(
            record(
                "2026-01-02T10:00:03+00:00",
                msg_id="asked",
                user="bo",
                event="outcome",
                state="error",
                redactions={"jwt": 2},
                limits=("memory: 4 GiB",),
            )
        )
        journal.append(
            record(
                "2026-01-02T10:00:04+00:00",
                msg_id="let",
                user="bo",
                verdict=Verdict.WARN,
                would_be=Verdict.BLOCK,
                findings=(FINDING,),
                opened="opened by root until x: y",
            )
        )
    return path


class Stay(urllib.request.HTTPRedirectHandler):
    """A page without a login is sent to one: that is what is looked at."""

    def redirect_request(self, *_: Any) -> None:
        return None


def ask(url: str, path: str, token: str = TOKEN) -> tuple[int, bytes, str]:
    asked = urllib.request.Request(
        f"{url}/jupyter-guard/{path}", headers={"Authorization": f"token {token}"} if token else {}
    )
    try:
        with urllib.request.build_opener(Stay).open(asked, timeout=30) as answer:
            return answer.status, answer.read(), answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers["Content-Type"]


def fits(path: str, status: int, body: bytes) -> Any:
    answer = SPEC["paths"][path]["get"]["responses"][str(status)]
    while "$ref" in answer:
        answer = SPEC["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    value = json.loads(body)
    schema = {**answer["content"]["application/json"]["schema"], "components": SPEC["components"]}
    jsonschema.Draft202012Validator(schema).validate(value)
    return value


def test_the_description_is_valid_and_whole() -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(SPEC)
    served = {"/" + path.split("/(")[0] + ("/{request}" if "/(" in path else "") for path, _ in HANDLERS}
    assert served == set(SPEC["paths"])


@pytest.mark.parametrize("path", ["status", "lock", "policy", "decisions", "summary", "verify"])
def test_an_answer_is_as_described(url: str, kept: Path, path: str) -> None:
    status, body, kind = ask(url, path)
    assert status == 200, body
    assert kind.startswith("application/json")
    fits(f"/{path}", 200, body)


@pytest.mark.parametrize("path", [path.replace("/([A-Za-z0-9_.-]{1,200})", "/x") for path, _ in HANDLERS])
def test_nobody_sees_anything_without_a_login(url: str, path: str) -> None:
    status, body, _ = ask(url, path, token="")
    assert status in (302, 403), body
    status, _, _ = ask(url, path, token="wrong")
    assert status in (302, 403)


def test_decisions_are_filtered(url: str, kept: Path) -> None:
    all_of_them = fits("/decisions", 200, ask(url, "decisions")[1])
    assert all_of_them["total"] == 5
    assert [one["msg_id"] for one in all_of_them["records"]] == ["plain", "stopped", "asked", "asked", "let"]
    for filters, found in (
        ("state=blocked", ["stopped"]),
        ("rule=JG301&user=bo", ["let"]),
        ("origin=assistant", ["stopped"]),
        ("telling=1&last=1", ["let"]),
        ("since=2026-01-02T10:00:04%2B00:00", ["let"]),
        ("until=2026-01-01", []),
        ("notebook=b%3E", ["stopped"]),
    ):
        answer = fits("/decisions", 200, ask(url, f"decisions?{filters}")[1])
        assert [one["msg_id"] for one in answer["records"]] == found, filters


@pytest.mark.parametrize("filters", ["since=yesterday", "last=0", "last=many", "last=1001", "until=99999999w"])
def test_a_filter_that_is_none_is_said(url: str, filters: str) -> None:
    status, body, _ = ask(url, f"decisions?{filters}")
    assert status == 400
    assert filters.split("=")[0] in fits("/decisions", 400, body)["message"]


def test_one_request(url: str, kept: Path) -> None:
    found = fits("/decisions/{request}", 200, ask(url, "decisions/asked")[1])["records"]
    assert [one["event"] for one in found] == ["decision", "outcome"]
    assert found[0]["kept"] == str(kept)
    assert found[0]["approvals"] == [{"choice": "once", "channel": "stdin", "by": "bo"}]
    status, body, _ = ask(url, "decisions/ked")
    assert status == 404
    fits("/decisions/{request}", 404, body)


def test_the_summary(url: str, kept: Path) -> None:
    found = fits("/summary", 200, ask(url, "summary")[1])
    assert found["decisions"] == 4
    assert found["would"] == {"blocked": 1}
    assert found["secrets"] == {"jwt": 2}


def test_a_changed_record_is_found(url: str, kept: Path) -> None:
    assert fits("/verify", 200, ask(url, "verify")[1])["problems"] == []
    whole = kept.read_bytes()
    kept.write_bytes(whole.replace(b'"user":"bo"', b'"user":"ab"', 1))
    try:
        (problem,) = fits("/verify", 200, ask(url, "verify")[1])["problems"]
        assert (problem["journal"], problem["line"], problem["kind"]) == (str(kept), 3, "changed")
    finally:
        kept.write_bytes(whole)


@pytest.mark.parametrize("what", ["its tail", "and its head", "and what its head says", "all but its head"])
def test_what_was_removed_is_found(url: str, kept: Path, what: str) -> None:
    whole, head = kept.read_bytes(), kept.with_name(kept.name + ".head")
    named = head.read_bytes()
    try:
        kept.write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
        if what == "and its head":
            head.unlink()
        elif what == "and what its head says":
            head.write_bytes(b"")
        elif what == "all but its head":
            kept.unlink()
        answer = fits("/verify", 200, ask(url, "verify")[1])
        assert [(one["journal"], one["kind"]) for one in answer["problems"]] == [(str(kept), "tail")]
    finally:
        kept.write_bytes(whole)
        head.write_bytes(named)


def test_the_page_escapes_what_it_shows(url: str, kept: Path) -> None:
    status, body, kind = ask(url, "report?notebook=%3Cb%3E")
    assert status == 200
    assert kind.startswith("text/html")
    assert b"<b>" not in body
    assert b"&lt;b&gt;" in body
    assert b"<script" not in body


def test_an_unlocked_server_says_what_is_open(url: str) -> None:
    answer = fits("/lock", 200, ask(url, "lock")[1])
    assert not answer["holds"]
    open_now = {one["what"] for one in answer["checks"] if not one["holds"]}
    assert {
        "ServerApp.kernel_spec_manager_class",
        "ServerApp.kernel_manager_class",
        "ServerApp.terminals_enabled",
        "Spawner.cmd",
        "TemplateExporter.extra_template_basedirs",
    } <= open_now
    assert all(one["fix"] and one["why"] for one in answer["checks"])


def test_prometheus_counts_beside_jupyters_own(url: str, root: Path) -> None:
    def metrics() -> dict[str, float]:
        asked = urllib.request.Request(f"{url}/metrics", headers={"Authorization": f"token {TOKEN}"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return {
            name: float(value)
            for line in lines
            if not line.startswith("#")
            for name, _, value in [line.rpartition(" ")]
        }

    assert any(name.startswith("http_request_duration_seconds") for name in metrics())
    time.sleep(2.5)  # the server looks once a second, and what is there by then does not count
    before = metrics()
    with Journal(audit_directory({}, root) / "2026-01-03-k2.jsonl") as journal:
        journal.append(record(event="opening", state="opened", opened="x"))
        journal.append(record(state="blocked", origin=Origin.ASSISTANT, findings=(FINDING,), opened="x"))
        journal.append(record(event="outcome", state="died", redactions={"jwt": 3}, limits=("memory: a --command",)))
    expected = {
        'jupyter_guard_decisions_total{origin="assistant",state="blocked"}': 1,
        'jupyter_guard_findings_total{rule="JG301",severity="high"}': 1,
        'jupyter_guard_secrets_total{kind="jwt"}': 3,
        'jupyter_guard_limits_total{limit="memory"}': 1,
        "jupyter_guard_kernel_deaths_total": 1,
    }
    until = time.monotonic() + 30
    while time.monotonic() < until:
        now = metrics()
        if all(now.get(name, 0) - before.get(name, 0) == count for name, count in expected.items()):
            break
        time.sleep(0.3)
    assert {name: now.get(name, 0) - before.get(name, 0) for name in expected} == expected
    assert now["jupyter_guard_opened"] == 1
