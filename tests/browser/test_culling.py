"""A server that culls idle kernels: the open panel of a page that nobody touches keeps none alive."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .driver import Front, Server
from .replay.servers import serving

IDLE_SECONDS = 8
CULLING = (
    f"--MappingKernelManager.cull_idle_timeout={IDLE_SECONDS}",
    "--MappingKernelManager.cull_interval=1",
    "--MappingKernelManager.cull_connected=True",
)


@pytest.fixture(scope="module")
def culling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(Path(sys.executable), tmp_path_factory.mktemp("culling"), *CULLING) as server:
        yield server


def test_an_open_panel_keeps_no_idle_kernel_alive(culling: Server, chromium: Any) -> None:
    context = chromium.new_context(viewport={"width": 1360, "height": 850}, reduced_motion="reduce")
    context.set_default_timeout(60_000)
    front = Front(culling, context.new_page())
    try:
        culling.write_notebook("culled.ipynb", ["import time; time.sleep(10)", "import shutil"])
        front.open_lab("culled.ipynb")
        front.panel.get_by_role("heading", name="Guarded", exact=True).wait_for()
        # Longer than a kernel may be idle, but busy.
        front.run_to_end(0)
        assert culling.request("/api/kernels")
        front.panel.get_by_role("button", name="Vet all").click()
        end = time.monotonic() + 60
        while culling.request("/api/kernels"):
            assert time.monotonic() < end, "the kernel is still there"
            front.page.wait_for_timeout(1000)
        front.panel.get_by_role("heading", name="No kernel").wait_for()
        assert not front.errors()
    finally:
        front.shut_kernels_down()
        context.close()
