"""`jupyter guard hub check`: every setting that is missing is a hole, with the trait's name and the fix."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from jupyter_guard.cli.hub import command
from jupyter_guard.hub import settings
from jupyter_guard.hub.check import CannotCheckError, check_file, check_server
from tests.hub.user import User

ENFORCED = "from jupyter_guard.hub import enforce\nenforce(c, policy={policy!r})\n"


def config_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "jupyterhub_config.py"
    path.write_text("c = get_config()\n" + text)
    return path


def policy_of(tmp_path: Path, text: str = "version = 1\n") -> str:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    path.chmod(0o644)
    return str(path)


def test_an_open_hub_has_every_hole(tmp_path: Path) -> None:
    holes = {hole.where for hole in check_file(config_of(tmp_path, "c.JupyterHub.port = 8000\n"))}
    assert holes == {f"c.{one.trait}" for one in settings("/etc/jupyter/jupyter_guard.toml")} | {
        "c.Spawner.pre_spawn_hook"
    }


@pytest.mark.skipif("__import__('os').geteuid() != 0", reason="a policy that belongs to root needs root")
def test_enforce_closes_every_hole(tmp_path: Path) -> None:
    assert check_file(config_of(tmp_path, ENFORCED.format(policy=policy_of(tmp_path)))) == []


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("c.Spawner.cmd = ['jupyterhub-singleuser']", "c.Spawner.cmd"),
        ("c.Spawner.disable_user_config = False", "c.Spawner.disable_user_config"),
        ("c.Spawner.env_keep = ['PATH', 'PYTHONPATH']", "c.Spawner.env_keep"),
        ("c.Spawner.environment = {}", "c.Spawner.environment"),
        ("c.Spawner.args = c.Spawner.args[1:]", "c.Spawner.args"),
        ("c.JupyterHub.allow_named_servers = True", "c.JupyterHub.allow_named_servers"),
        ("c.KubeSpawner.cmd = ['start.sh']", "c.KubeSpawner.cmd"),
        ("c.LocalProcessSpawner.environment = {'A': 'b'}", "c.LocalProcessSpawner.environment"),
        ("c.Spawner.group_overrides = {'a': {'spawner_override': {'cmd': ['x']}}}", "c.Spawner.group_overrides"),
        ("c.Spawner.apply_user_options = print", "c.Spawner.apply_user_options"),
        ("c.Spawner.auth_state_hook = lambda s, a: s.args.append('x')", "c.Spawner.auth_state_hook"),
        ("c.Spawner.pre_spawn_hook = lambda s: None", "c.Spawner.pre_spawn_hook"),
        ("c.Spawner.cmd = ['/usr/bin/python3', '-I', '-m', 'anything']", "c.Spawner.cmd"),
        ("c.Spawner.cmd = ['python3', '-I', '-m', 'jupyterhub.singleuser']", "c.Spawner.cmd"),
        ("c.Spawner.cmd = [*c.Spawner.cmd[:1], '-c', 'x', *c.Spawner.cmd[1:]]", "c.Spawner.cmd"),
        # The last one of a name counts, and a subclass's section beats its base's.
        ("c.Spawner.args.append('--ServerApp.terminals_enabled=True')", "c.Spawner.args"),
        ("c.Spawner.args += ['--ServerApp.terminals_enabled', 'True']", "c.Spawner.args"),
        ("c.Spawner.args.append('--SingleUserServerApp.terminals_enabled=True')", "c.Spawner.args"),
        ("c.Spawner.args.append('--ServerApp.kernel_manager_class=x.Y')", "c.Spawner.args"),
        ("c.Spawner.args.append('--ServerApp.contents_manager_class=x.Y')", "c.Spawner.args"),
        ("c.Spawner.args.append('--ServerApp.jpserver_extensions=jupyter_lsp=True')", "c.Spawner.args"),
        ("c.Spawner.args.append('--ServerApp.jpserver_extensions.jupyter_lsp=True')", "c.Spawner.args"),
        ("c.Spawner.args.append('--LargeFileManager.allow_hidden=True')", "c.Spawner.args"),
        ("c.Spawner.args.append('--LanguageServerManager.node_roots=/home')", "c.Spawner.args"),
        ("c.Spawner.args.append('--gateway-url=http://x')", "c.Spawner.args"),
        ("c.Spawner.args.append('--config=/home/x.py')", "c.Spawner.args"),
        ("c.Spawner.args.append(1)", "c.Spawner.args"),
        ("c.Spawner.environment['IPYTHONDIR'] = '/home/x/.ipython'", "c.Spawner.environment"),
        ("c.Spawner.environment['JUPYTER_CONFIG_DIR'] = '/home/x/.jupyter'", "c.Spawner.environment"),
        ("c.Spawner.environment['JUPYTER_CONFIG_DIR'] = lambda s: '/home/x/.jupyter'", "c.Spawner.environment"),
        ("c.Spawner.environment['JUPYTER_GUARD_POLICY'] = ''", "c.Spawner.environment"),
        ("c.Spawner.environment['JUPYTER_GUARD_POLICY'] = 'policy.toml'", "c.Spawner.environment"),
        ("c.Spawner.environment['JUPYTER_GUARD_POLICY'] = lambda s: '/home/x/p.toml'", "c.Spawner.environment"),
        ("c.Spawner.environment['JUPYTER_GUARD_STORE'] = 'postgresql://reader@db/x'", "c.Spawner.environment"),
        ("c.Spawner.environment['PYTHONPATH'] = '/home/x'", "c.Spawner.environment"),
        ("c.Spawner.environment['LD_PRELOAD'] = '/home/x/y.so'", "c.Spawner.environment"),
    ],
)
def test_what_comes_after_is_seen(tmp_path: Path, line: str, where: str) -> None:
    text = ENFORCED.format(policy=policy_of(tmp_path)) + line + "\n"
    holes = {hole.where: hole for hole in check_file(config_of(tmp_path, text))}
    assert where in holes
    assert holes[where].fix


@pytest.mark.skipif("__import__('os').geteuid() != 0", reason="a policy that belongs to root needs root")
@pytest.mark.parametrize(
    "line",
    [
        "c.Spawner.args.append('--debug')",
        "c.Spawner.args += ['--ServerApp.default_url', '/lab']",
        "c.Spawner.args.append('--MappingKernelManager.cull_idle_timeout=600')",
        "c.Spawner.args.append('--LockedKernelSpecManager.user_kernels=all')",
        "c.Spawner.args.append('--LockedKernelSpecManager.inner_class=nb_conda_kernels.CondaKernelSpecManager')",
        "c.Spawner.args.append('--LockedMappingKernelManager.server_extensions=jupyter_lsp')",
        "c.Spawner.environment['TEAM'] = 'a'",
        "c.Spawner.environment['TEAM'] = lambda s: 'a'",
        "c.Spawner.environment['JUPYTER_GUARD_STORE'] = ''",
        "c.Spawner.options_from_form = lambda d: d",
    ],
)
def test_what_an_administrator_may_add(tmp_path: Path, line: str) -> None:
    assert check_file(config_of(tmp_path, ENFORCED.format(policy=policy_of(tmp_path)) + line + "\n")) == []


@pytest.mark.skipif("__import__('os').geteuid() != 0", reason="a program that belongs to another needs root")
def test_a_server_runs_with_an_interpreter_of_roots(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.touch()
    text = ENFORCED.format(policy=policy_of(tmp_path))
    text += f"c.Spawner.cmd = [{str(python)!r}, '-I', '-m', 'jupyterhub.singleuser']\n"
    assert check_file(config_of(tmp_path, text)) == []
    os.chown(python, 12345, 0)
    assert [hole.where for hole in check_file(config_of(tmp_path, text))] == ["c.Spawner.cmd"]


def test_what_was_set_before_does_not_stay_beside_the_locks_own(tmp_path: Path) -> None:
    from traitlets.config import Config

    from jupyter_guard.hub import enforce
    from jupyter_guard.hub.settings import arguments

    c = Config()
    c.Spawner.args = [
        *("--ServerApp.terminals_enabled", "True", "--SingleUserServerApp.terminals_enabled=True", "--debug"),
        *("--ServerApp.default_url", "/lab", "--ServerApp.jpserver_extensions.jupyter_lsp=True"),
    ]
    enforce(c, policy=policy_of(tmp_path))
    assert c.Spawner.args == ["--debug", "--ServerApp.default_url", "/lab", *arguments()]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "not there"), ("version = 1\n[deny", "TOML"), ("version = 99\n", "version"), ('version = 1\nmode = "observe"\n', "observe")],
)  # fmt: skip
def test_a_policy_that_is_not_in_order(tmp_path: Path, content: str | None, said: str) -> None:
    policy = str(tmp_path / "missing.toml") if content is None else policy_of(tmp_path, content)
    found = [hole.found for hole in check_file(config_of(tmp_path, ENFORCED.format(policy=policy)))]
    assert any(said in one for one in found), found


def test_policies_of_groups_are_looked_at(tmp_path: Path) -> None:
    groups = "from jupyter_guard.hub import enforce\nenforce(c, {policy!r}, groups={{'staff': '/not/there.toml'}})\n"
    holes = check_file(config_of(tmp_path, groups.format(policy=policy_of(tmp_path))))
    assert "/not/there.toml" in {hole.where for hole in holes}


@pytest.mark.parametrize("text", ["raise KeyError('x')\n", "c.x = (\n", "import not_there\n"])
def test_a_file_that_cannot_be_loaded(tmp_path: Path, text: str) -> None:
    with pytest.raises(CannotCheckError, match=r"jupyterhub_config\.py cannot be loaded"):
        check_file(config_of(tmp_path, text))


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(CannotCheckError, match="cannot be reached"):
        check_server("http://127.0.0.1:9/user/x", "t")
    with pytest.raises(CannotCheckError, match="no address"):
        check_server("ftp://x", "t")


def test_the_command(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["check", str(config_of(tmp_path, "")), "--format", "json"])
    assert done.exit_code == 1
    assert {one["where"] for one in json.loads(done.stdout)} >= {"c.Spawner.cmd", "c.Spawner.args"}
    text = CliRunner().invoke(command, ["check", str(config_of(tmp_path, ""))]).stdout
    assert "c.Spawner.cmd: not set\n" in text
    assert "    Fix: call jupyter_guard.hub.enforce(c) last\n" in text
    assert "[bold]" not in text
    both = CliRunner().invoke(command, ["check"])
    assert both.exit_code == 2


@pytest.mark.hub
def test_a_running_server_is_whole(user: User) -> None:
    assert check_server(user.url + user.base, user.token) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ann"], "How long, and why?"),
        (["ann", "--for", "30m"], "How long, and why?"),
        (["ann", "--for", "soon", "--why", "x"], "'soon' is no time"),
        (["ann", "--for", "25h", "--why", "x"], "at most 24 hours"),
        (["ann", "--for", "0m", "--why", "x"], "more than nothing"),
        (["--end"], "Whose cells?"),
    ],
)
def test_break_glass_asks_for_what_is_missing(words: list[str], said: str) -> None:
    done = CliRunner().invoke(command, ["break-glass", *words])
    assert done.exit_code == 2
    assert said in done.output
