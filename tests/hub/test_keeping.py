"""What an administrator sets of his own, before or after `enforce`: it works on, and loosens nothing.

The configuration is a file that is loaded as the Hub loads it; the spawner is a real one of a real user, and what JupyterHub
runs before a start is run in JupyterHub's order.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from jupyter_guard.hub import enforce
from jupyter_guard.hub.check import check_file
from jupyter_guard.hub.settings import arguments, environment
from tests.hub.test_spawners import GROUPS, PYTHON, is_locked, spawner_of

ENFORCE = f"from jupyter_guard.hub import enforce\nenforce(c, groups={GROUPS!r}, python={PYTHON!r}, folders=False)\n"
LOOSENING = """
def loosen(spawner, *_):
    spawner.environment['RAN'] = spawner.environment.get('RAN', '') + 'x'
    spawner.environment['TEAM'] = 'sales'
    spawner.mem_limit = '2G'
    spawner.args = [*spawner.args, '--debug', '--ServerApp.terminals_enabled', 'True', '--ServerApp.kernel_manager_class=x.Y']
    spawner.args.remove('--LabApp.extension_manager=readonly')
    spawner.cmd = ['/bin/sh', '-c', 'x']
    spawner.env_keep = ['PATH', 'PYTHONPATH', 'SECRET']
    spawner.disable_user_config = False
    spawner.environment['IPYTHONDIR'] = '/home/ann/.ipython'
    spawner.environment['JUPYTER_GUARD_POLICY'] = '/home/ann/lax.toml'
    spawner.environment['JUPYTER_GUARD_STORE'] = 'postgresql://reader@db/x'
    spawner.environment['PYTHONPATH'] = '/home/ann'
    del spawner.environment['JUPYTER_PATH']
"""
LATER = """
async def loosen_later(spawner, *_):
    loosen(spawner)
"""
SET = [
    "c.Spawner.pre_spawn_hook = loosen",
    "c.Spawner.pre_spawn_hook = loosen_later",
    "c.LocalProcessSpawner.pre_spawn_hook = loosen",
    "c.Spawner.auth_state_hook = loosen",
    "c.Spawner.auth_state_hook = loosen_later",
    "c.Spawner.apply_user_options = loosen",
]


def loaded(tmp_path: Path, text: str) -> Config:
    """The configuration, as an application has it after it has loaded the file."""
    from traitlets.config import Application

    (tmp_path / "jupyterhub_config.py").write_text("c = get_config()\n" + text)
    application = Application()
    application.update_config(PyFileConfigLoader("jupyterhub_config.py", str(tmp_path)).load_config())
    return application.config


async def prepared(made: Any) -> tuple[list[str], dict[str, str]]:
    """The command and environment of a server whose hooks have run, as `User.spawn` runs them."""
    await made.run_auth_state_hook({})
    await made.apply_group_overrides()
    await made._run_apply_user_options({})
    done = made.run_pre_spawn_hook()
    if done is not None:
        await done
    return [*made.cmd, *made.get_args()], made.get_env()


def of(c: Config, times: int = 1) -> tuple[list[str], dict[str, str], Any]:
    from jupyterhub.spawner import LocalProcessSpawner

    # Without an account of the machine's, whose shell and home it would look up.
    kind = type("LocalProcessSpawner", (LocalProcessSpawner,), {"user_env": lambda self, env: env})
    made = spawner_of(kind, c, groups=("staff",))
    for _ in range(times):
        command, given = asyncio.run(prepared(made))
    return command, given, made


@pytest.mark.parametrize("line", SET)
@pytest.mark.parametrize("order", ["before", "after"])
def test_a_hook_works_on_and_loosens_nothing(
    tmp_path: Path, line: str, order: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECRET", "of the Hub's")
    monkeypatch.setenv("PYTHONPATH", "/of/the/hub")
    hooks = LOOSENING + LATER + line + "\n"
    c = loaded(tmp_path, hooks + ENFORCE if order == "before" else ENFORCE + hooks)
    command, given, made = of(c, times=2)
    said = capfd.readouterr().err
    is_locked(command, {**given, "PATH": ""}, GROUPS["staff"], "ann%20bo")
    assert not {"PYTHONPATH", "SECRET"} & set(given)
    assert made.disable_user_config is True
    assert not any("terminals_enabled" in one for one in command if one not in arguments())
    assert "True" not in command
    assert "x.Y" not in " ".join(command)
    # What it was for is done, once a start.
    assert (given["RAN"], given["TEAM"], made.mem_limit) == ("xx", "sales", 2 * 1024**3)
    assert "--debug" in command
    for name in (
        "--ServerApp.terminals_enabled",
        "IPYTHONDIR",
        "PYTHONPATH",
        "cmd was ['/bin/sh'",
        "extension_manager",
    ):
        assert name in said


def test_what_hooks_leave_alone_is_not_talked_about(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    c = loaded(tmp_path, ENFORCE + "c.Spawner.pre_spawn_hook = lambda spawner: None\n")
    of(c, times=3)
    assert "jupyter_guard" not in capfd.readouterr().err


def test_overrides_of_groups_loosen_nothing(tmp_path: Path) -> None:
    override = {"environment": {"TEAM": "a", "IPYTHONDIR": "/home"}, "args": ["--debug"], "cmd": ["sh"]}
    line = f"c.Spawner.group_overrides = {{'a': {{'groups': ['staff'], 'spawner_override': {override!r}}}}}\n"
    command, given, _ = of(loaded(tmp_path, ENFORCE + line))
    is_locked(command, {**given, "PATH": ""}, GROUPS["staff"], "ann%20bo")
    assert (given["TEAM"], "--debug" in command) == ("a", True)
    found = {hole.where: hole for hole in check_file(tmp_path / "jupyterhub_config.py")}
    assert found["c.Spawner.group_overrides"].is_open
    assert found["c.Spawner.group_overrides"].found.startswith("args, cmd, environment in ")


@pytest.mark.parametrize(
    "line",
    [
        "c.Spawner.args.append('--ServerApp.terminals_enabled=True')",
        "c.Spawner.args = ['--debug']",
        "c.LocalProcessSpawner.args = ['--ServerApp.terminals_enabled=True']",
        "c.LocalProcessSpawner.environment = {'IPYTHONDIR': '/home', 'A': 'b'}",
        "c.Spawner.environment = {'PYTHONPATH': '/home'}",
        "c.Spawner.cmd = ['jupyterhub-singleuser']",
        "c.Spawner.env_keep = ['SECRET']",
        "c.Spawner.disable_user_config = False",
        "c.Spawner.environment['JUPYTER_CONFIG_DIR'] = lambda spawner: '/home'",
    ],
)
def test_what_is_set_afterwards_loosens_nothing(tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of the Hub's")
    command, given, made = of(loaded(tmp_path, ENFORCE + line + "\n"))
    is_locked(command, {**given, "PATH": ""}, GROUPS["staff"], "ann%20bo")
    assert [one for one in command if "terminals_enabled" in one] == ["--ServerApp.terminals_enabled=False"]
    assert not {"SECRET", "PYTHONPATH"} & set(given)
    assert made.disable_user_config is True


@pytest.mark.parametrize("stop", ["c.Spawner.post_stop_hook = note", "c.Spawner.progress_ready_hook = note"])
def test_other_hooks_are_left_as_they_are(tmp_path: Path, stop: str) -> None:
    c = loaded(tmp_path, "def note(spawner): return 'noted'\n" + stop + "\n" + ENFORCE)
    _, _, made = of(c)
    assert getattr(made, stop.split()[0].rpartition(".")[2])(made) == "noted"


@pytest.mark.parametrize("line", SET)
@pytest.mark.parametrize("order", ["before", "after"])
def test_the_check_says_what_it_cannot_see_into(tmp_path: Path, line: str, order: str) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("version = 1\n")
    policy.chmod(0o644)
    enforced = f"from jupyter_guard.hub import enforce\nenforce(c, {str(policy)!r})\n"
    hooks = LOOSENING + LATER + line + "\n"
    (tmp_path / "jupyterhub_config.py").write_text(
        "c = get_config()\n" + (hooks + enforced if order == "before" else enforced + hooks)
    )
    found = [hole for hole in check_file(tmp_path / "jupyterhub_config.py") if hole.where != str(policy)]
    assert [(hole.where, hole.is_open) for hole in found] == [(line.split()[0], False)]
    assert found[0].found in ("loosen", "loosen_later")
    assert "cannot be looked into" in found[0].why


@pytest.mark.parametrize(
    ("named", "seen"),
    [
        ("'jupyterhub.spawner.LocalProcessSpawner'", []),
        ("'localprocess'", []),
        ("'docker'", []),
        ("'not-installed-here'", []),
        ("'simple'", [True]),
        ("'jupyterhub.spawner.SimpleLocalProcessSpawner'", [True]),
        ("'ours.spawners.Spawner'", [False]),
        ("type('Ours', (__import__('jupyterhub.spawner').spawner.LocalProcessSpawner,), {'__module__': 'ours.spawners'})", [False]),
    ],
)  # fmt: skip
def test_the_check_says_what_the_spawners_class_decides(tmp_path: Path, named: str, seen: list[bool]) -> None:
    (tmp_path / "jupyterhub_config.py").write_text(
        f"c = get_config()\nc.JupyterHub.spawner_class = {named}\n" + ENFORCE
    )
    found = check_file(tmp_path / "jupyterhub_config.py")
    assert [hole.is_open for hole in found if hole.where == "c.JupyterHub.spawner_class"] == seen


def test_what_only_adds_to_the_defaults_is_taken_too() -> None:
    c = Config()
    c.Spawner.args.append("--debug")
    c.Spawner.environment.update({"A": "b", "IPYTHONDIR": "/home"})
    enforce(c)
    assert c.Spawner.args == ["--debug", *arguments()]
    assert set(c.Spawner.environment) == {"A", "JUPYTER_GUARD_STORE", *environment("")}
    assert c.Spawner.environment["IPYTHONDIR"] != "/home"


@pytest.mark.parametrize(
    ("trait", "value"), [("args", lambda spawner: []), ("args", "--debug"), ("environment", lambda spawner: {})]
)
def test_what_the_hub_would_not_take_is_refused_in_words(trait: str, value: Any) -> None:
    c = Config()
    setattr(c.Spawner, trait, value)
    with pytest.raises(ValueError, match=rf"c\.Spawner\.{trait} is .*, and JupyterHub takes a "):
        enforce(c)


def test_enforce_twice_is_the_later_one() -> None:
    c = Config()
    hook = print
    c.Spawner.pre_spawn_hook = hook
    enforce(c, "/etc/jupyter/one.toml")
    enforce(c, "/etc/jupyter/two.toml")
    told = c.Spawner.pre_spawn_hook.keywords
    assert (told["earlier"], told["lock"].policy) == (hook, "/etc/jupyter/two.toml")
    assert c.Spawner.args == arguments()
