"""What the session may do beyond an ordinary account, from real files and a real environment, and what it changes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jupyter_guard import Session
from jupyter_guard.guard.pipeline import Pipeline
from jupyter_guard.guard.privileges import held, said, sources
from jupyter_guard.guard.protocol import Vet
from jupyter_guard.terms import Power, Privilege, Verdict

URL = "postgresql://{user}:{word}@{host}/{name}"


def cloud(environment: dict[str, str], home: Path) -> list[str]:
    """Everything but the machine's: who runs the tests may be root."""
    return [one for one in said(held(environment, home)) if not one.startswith("machine")]


def url(user: str, host: str, name: str, more: str = "") -> str:
    return URL.format(user=user, word="a" + "-word", host=host, name=name) + more


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".azure").mkdir()
    return tmp_path


def test_an_account_with_nothing_holds_nothing(home: Path) -> None:
    assert cloud({}, home) == []


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there are no user ids here")
def test_root_is_a_privilege_and_an_ordinary_account_is_not(home: Path) -> None:
    root = [one for one in held({}, home) if one.what.startswith("root")]
    assert bool(root) == (os.geteuid() == 0)


def test_an_administrators_role_of_aws(home: Path) -> None:
    (home / ".aws" / "config").write_text(
        "[default]\nregion = eu-west-1\n"
        "[profile ops]\nrole_arn = arn:aws:iam::000000000000:role/OrgAdministratorAccess\n"
        "[profile science]\nsso_role_name = DataScientist\n"
    )
    assert cloud({}, home) == []
    assert cloud({"AWS_PROFILE": "science"}, home) == []
    assert cloud({"AWS_PROFILE": "ops"}, home) == ["cloud: AWS role OrgAdministratorAccess (profile ops in config)"]


def test_a_role_given_by_the_environment(home: Path) -> None:
    assert cloud({"AWS_ROLE_ARN": "arn:aws:iam::000000000000:role/cluster-admin"}, home)
    assert not cloud({"AWS_ROLE_ARN": "arn:aws:iam::000000000000:role/administrative-reports-reader"}, home)


def test_service_principals_and_accounts(home: Path) -> None:
    key = home / "robot.json"
    key.write_text(json.dumps({"type": "service_account", "client_email": "deployer@project.example"}))
    assert cloud({"GOOGLE_APPLICATION_CREDENTIALS": str(key)}, home) == [
        "cloud: Google Cloud service account deployer (robot.json)"
    ]
    key.write_text(json.dumps({"type": "authorized_user"}))
    assert cloud({"GOOGLE_APPLICATION_CREDENTIALS": str(key)}, home) == []
    (home / ".azure" / "azureProfile.json").write_text(
        "\ufeff"
        + json.dumps({"subscriptions": [{"isDefault": True, "name": "core", "user": {"type": "servicePrincipal"}}]}),
        encoding="utf-8",
    )
    assert cloud({}, home) == ["cloud: Azure service principal in core (azureProfile.json)"]
    (home / ".databrickscfg").write_text("[DEFAULT]\nhost = https://example.org\nclient_id = a\nclient_secret = b\n")
    assert "cloud: Databricks service principal (profile DEFAULT in .databrickscfg)" in cloud({}, home)


CONFIG = """apiVersion: v1
clusters: []
contexts:
- context:
    cluster: lab
    user: ann
  name: lab
- context:
    cluster: lab
    user: lab-cluster-admin
  name: lab-ops
current-context: {current}
"""


@pytest.mark.parametrize(("current", "found"), [("lab", 0), ("lab-ops", 1), ("payments-prod", 1), ("nonprod-eu", 0)])
def test_a_context_of_kubernetes(home: Path, current: str, found: int) -> None:
    (home / ".kube" / "config").write_text(CONFIG.format(current=current))
    assert len(cloud({}, home)) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (url("app", "db.prod.example.org", "sales"), True),
        (url("app", "db.example.org", "sales_production"), True),
        (url("app", "db.example.org", "sales"), False),
        (url("app", "db.preprod.example.org", "sales"), False),
        (url("app", "products.example.org", "product"), False),
        (url("report_ro", "db.prod.example.org", "sales"), False),
        (url("app", "db.prod.example.org", "sales", "?target_session_attrs=read-only"), False),
        ("https://ann@www.prod.example.org/sales", False),
        ("postgresql://[broken", False),
    ],
)
def test_a_writable_production_database(home: Path, value: str, found: bool) -> None:
    told = cloud({"DATABASE_URL": value}, home)
    assert bool(told) == found
    assert "a-word" not in " ".join(told)


def test_passwords_of_postgresql_name_their_database_and_no_password(home: Path) -> None:
    (home / ".pgpass").write_text("# a note\ndb.prod.example.org:5432:*:writer:not\\:this\nlocalhost:5432:*:ann:x\n")
    assert cloud({}, home) == ["database: production database db.prod.example.org as writer (.pgpass)"]
    assert cloud({"PGHOST": "db.prod.example.org", "PGOPTIONS": "-c default_transaction_read_only=on"}, home) == [
        "database: production database db.prod.example.org as writer (.pgpass)"
    ]


@pytest.mark.parametrize("content", [b"", b"\0\xff", b"[", b"[a\nb", b"{" * 100_000, b"x: " * 500_000])
def test_files_that_are_no_configuration_tell_nothing(home: Path, content: bytes) -> None:
    environment = {"GOOGLE_APPLICATION_CREDENTIALS": str(home / "key")}
    for path in sources(environment, home):
        path.write_bytes(content)
    assert cloud(environment, home) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_named_pipe_or_a_folder_in_their_place_is_not_waited_for(home: Path) -> None:
    os.mkfifo(home / ".pgpass")
    (home / ".databrickscfg").mkdir()
    assert cloud({}, home) == []


ROOT = Privilege(Power.MACHINE, "root", "uid 0")
OPS = Privilege(Power.CLOUD, "AWS role Admin")
DATABASE = Privilege(Power.DATABASE, "production database db.prod.example.org")


@pytest.mark.parametrize(
    ("code", "holds"),
    [
        ("import os; os.kill(4321, 15)", ROOT),
        ("import boto3; boto3.resource('s3').Bucket('a').Object('b').delete()", OPS),
        (
            "import sqlalchemy as sa\nwith sa.create_engine('postgresql://db.example.org/sales').begin() as c:\n"
            "    c.execute(sa.text('ALTER TABLE orders ADD COLUMN paid int'))",
            DATABASE,
        ),
    ],
)
def test_what_needs_it_is_a_step_worse_when_an_assistant_wrote_it(code: str, holds: Privilege) -> None:
    def worst(origin: str, *privileges: Privilege) -> int:
        session = Session(origin=origin)
        session.privileges = privileges
        return max((finding.severity.rank for finding in session.vet(code).findings), default=-1)

    assert worst("assistant", holds) == worst("assistant") + 1
    others = [one for one in (ROOT, OPS, DATABASE) if one is not holds]
    assert worst("assistant", *others) == worst("assistant")
    assert worst("human", holds) == worst("human")


def test_the_finding_says_what_the_session_holds() -> None:
    session = Session(origin="assistant")
    session.privileges = (ROOT,)
    found = session.vet("import os; os.chmod('/etc/hosts', 0o600)").findings
    assert any("root (uid 0)" in finding.why for finding in found)


def test_a_change_of_what_is_held_counts_from_the_next_cell_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_PROFILE", "ops")
    work = home / "work"
    work.mkdir()
    pipeline = Pipeline(work)
    code = b"import boto3; boto3.resource('s3').Bucket('a').Object('b').delete()"

    def worst() -> int:
        item = json.loads(pipeline.judge(Vet(id=1, code=code, origin="assistant")).item)
        names = ["note", "low", "medium", "high", "critical"]
        return max(names.index(one["severity"]) for one in item["findings"])

    before = worst()
    assert not any("AWS" in one for one in pipeline.standing.privileges)
    (home / ".aws" / "config").write_text("[profile ops]\nrole_arn = arn:aws:iam::000000000000:role/Admin\n")
    assert pipeline.take_up_policy()
    assert any("AWS role Admin" in one for one in pipeline.standing.privileges)
    assert worst() == before + 1


def test_a_right_alone_blocks_nothing() -> None:
    session = Session(origin="assistant")
    code = "import os; os.remove('/opt/app/settings')"
    before = session.vet(code).verdict
    session.privileges = (ROOT,)
    assert session.vet(code).verdict is before is Verdict.CONFIRM
