"""Each entry's example: it names something that exists, reading it gives the stated effect, and `near` does not."""

from __future__ import annotations

import importlib
import importlib.util

import pytest

from jupyter_guard.knowledge import Knowledge
from jupyter_guard.knowledge.entry import Entry
from jupyter_guard.terms import Cell, Effect, Origin

KNOWLEDGE = Knowledge.builtin()
ENTRIES = sorted(KNOWLEDGE.entries(), key=lambda one: one.name)
ACTING = [entry for entry in ENTRIES if entry.example and any(act.kinds for act in entry.acts)]

# Importing these starts something, needs a display or a server, or takes seconds; their names are not resolved.
NOT_IMPORTED = frozenset({"antigravity", "this", "idlelib", "django", "tensorflow", "keyboard", "pynput"})
# Types of ours for what a factory makes at run time, for a state of an object that has no class of its own, or for what
# all drivers of databases give, whatever each calls its classes.
MADE_AT_RUN_TIME = (
    "boto3.Client", "boto3.Resource", "boto3.Bucket", "boto3.Object", "boto3.Instance", "boto3.Collection",
    "ctypes.CDLL.", "psutil.Processes", "psutil.Parents", "boto3.Acl", "git.Git.", "wandb.Runs", "sqlalchemy.orm.FilteredQuery", "concurrent.futures.Executor.",
    "sqlalchemy.Tables", "sqlalchemy.orm.Session.exec", "peewee.Narrowed", "tortoise.QuerySet", "tortoise.Narrowed",
    "mongoengine.QuerySet", "mongoengine.Narrowed", "mongoengine.Document.", "mongoengine.DynamicDocument.",
    "chromadb.Client.", "weaviate.Client.", "weaviate.Schema", "weaviate.Collection", "weaviate.Data", "ibis.Backend.",
    "upath.Paths", "websockets.Connection.", "gradio.Blocks.", "docker.Container", "docker.Volume", "docker.DockerClient.", "prefect.Client", "celery.Control",
    "psycopg2.Connection.", "psycopg2.Cursor.", "asyncpg.Cursor.", "pika.Channel", "celery.Celery.control", "databricks.sdk.WorkspaceClient.", "hvac.Client.secrets.", "google.cloud.secretmanager.Client.", "meilisearch.Index",
)  # fmt: skip
# Set on the instance when it is made: the class itself does not have them.
ON_INSTANCES = (
    "IPython.core.events.EventManager.callbacks", "IPython.core.interactiveshell.InteractiveShell.",
    "ipykernel.ipkernel.IPythonKernel.", "sqlalchemy.orm.DeclarativeBase.metadata",
    "requests.Response.raw", "sqlalchemy.Engine.url", "sqlalchemy.MetaData.tables",
    "IPython.core.inputtransformer2.TransformerManager.",
)  # fmt: skip
# Gone from the newest versions, still in what people run.
FORMER = frozenset({
    "pandas.DataFrame.to_gbq", "pandas.read_gbq", "sqlalchemy.Engine.execute", "huggingface_hub.update_repo_visibility",
    "transformers.AutoModelForVision2Seq.from_pretrained", "transformers.TFAutoModel.from_pretrained",
})  # fmt: skip
# Not in every Python, or only on another system.
ELSEWHERE = frozenset({
    "winreg.DeleteKey", "winreg.DeleteKeyEx", "winreg.DeleteValue",
    "os.lchmod", "os.startfile", "os.unshare", "os.setns", "ctypes.WinDLL", "ssl.wrap_socket", "pathlib.Path.walk",
    "pickle._load", "sys.monitoring.register_callback", "threading.settrace_all_threads", "get_ipython",
    "sqlite3.Connection.load_extension", "pathlib.Path.link_to", "pathlib.Path.copy", "pathlib.Path.copy_into",
    "pathlib.Path.move", "pathlib.Path.move_into",
})  # fmt: skip


def effects(code: str) -> tuple[Effect, ...]:
    from jupyter_guard.read import SessionReader

    return SessionReader(KNOWLEDGE, workspace="/srv/work").read(Cell(code, Origin.ASSISTANT)).effects


def unresolved(name: str) -> str:
    """What of ``name`` does not exist, ``""`` when all of it does. Skips what is not installed here."""
    parts = name.split(".")
    if parts[0] in NOT_IMPORTED or name in ELSEWHERE | FORMER or name.startswith(MADE_AT_RUN_TIME):
        pytest.skip(f"{name}: made at run time, or elsewhere")
    if name.startswith("databricks.sql.") and importlib.util.find_spec("databricks.sql") is None:
        pytest.skip("databricks.sql is a package of its own")
    if importlib.util.find_spec(parts[0]) is None:
        pytest.skip(f"{parts[0]} is not installed")
    value: object = None
    for depth in range(len(parts), 0, -1):
        module = ".".join(parts[:depth])
        try:
            value = importlib.import_module(module)
        except ImportError as error:
            if error.name and not f"{module}.".startswith(f"{error.name}."):
                pytest.skip(f"{module} needs {error.name}, which is not installed")
            continue
        break
    if hasattr(value, "__path__") and getattr(value, "__file__", None) is None:
        pytest.skip(f"{name}: only another part of {parts[0]} is installed")
    for part in parts[depth:]:
        try:
            there = hasattr(value, part)
        except ImportError as error:
            pytest.skip(f"{name}: {str(error).strip().partition(chr(10))[0]}")
        if not there:
            if name.startswith(ON_INSTANCES):
                pytest.skip(f"{name}: set on instances")
            return part
        value = getattr(value, part)
    return ""


def wanted(entry: Entry) -> set[str]:
    return {kind for act in entry.acts for kind in act.kinds}


def test_there_is_knowledge_and_all_of_it_has_examples() -> None:
    assert len(ENTRIES) > 1000
    assert [entry.name for entry in ENTRIES if not entry.example and not entry.alias] == []


@pytest.mark.parametrize("entry", ACTING, ids=lambda entry: entry.name)
def test_reading_the_example_gives_the_effect(entry: Entry) -> None:
    found = effects(entry.example)
    kinds = {effect.kind for effect in found}
    # What is read in another language becomes that language's effects; reading a credential store is its own kind.
    if entry.acts[0].language and not kinds & wanted(entry):
        assert kinds
        return
    relatives = wanted(entry) | ({"credential.read", "network.connect"} if "file.read" in wanted(entry) else set())
    assert kinds & relatives, (entry.example, found)


@pytest.mark.parametrize("entry", [entry for entry in ACTING if entry.near], ids=lambda entry: entry.name)
def test_what_is_near_does_not(entry: Entry) -> None:
    found = effects(entry.near)
    assert not [effect for effect in found if effect.via == entry.name and effect.kind in entry.acts[0].kinds]


@pytest.mark.parametrize(
    "entry",
    [entry for entry in ENTRIES if not entry.alias and "__" not in entry.name],
    ids=lambda entry: entry.name,
)
def test_the_name_exists_in_the_real_library(entry: Entry) -> None:
    assert unresolved(entry.name) == ""
