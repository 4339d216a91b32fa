"""A server that nobody locked, looked at as an administrator does who wants to know what is open."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from jupyter_guard.hub.check import check_server

from .conftest import TOKEN


def test_what_is_open_on_a_running_server_is_found(url: str) -> None:
    found = {hole.where: hole for hole in check_server(url, TOKEN)}
    assert {"kernel python3", "/api/terminals"} <= set(found)
    classes = [where for where in found if "class" in where.lower() or "manager" in where.lower()]
    assert len(classes) >= 2
    assert all(hole.is_open and hole.fix for hole in found.values())


def test_the_command_says_the_same(url: str) -> None:
    words = [sys.executable, "-m", "jupyter_guard", "hub", "check", "--url", url, "--token-variable", "OF_MINE"]
    asked = subprocess.run(
        [*words, "--format", "json"],
        env={**os.environ, "OF_MINE": TOKEN},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert asked.returncode == 1, asked.stderr
    assert [one["where"] for one in json.loads(asked.stdout)] == [one.where for one in check_server(url, TOKEN)]
