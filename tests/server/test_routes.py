"""A real server with the extension enabled, asked over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

TOKEN = "t" * 20


def test_the_status_lists_the_guarded_kernels(url: str) -> None:
    asked = urllib.request.Request(f"{url}/jupyter-guard/status", headers={"Authorization": f"token {TOKEN}"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("application/json")
        status = json.load(answer)
    assert "guarded-python" in status["guarded"]
    assert "python3" in status["unguarded"]
    assert status["policy"]
    assert status["mode"] == "enforce"


def test_without_a_login_there_is_nothing_to_see(url: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{url}/jupyter-guard/status", timeout=30)
    assert refused.value.code == 403
