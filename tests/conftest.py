"""Quick tests first; and a test on the must-run list may not be skipped where everything it needs can be had."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

# The benchmarks' cases are data of the tests too. At the end: what is installed comes first.
sys.path.append(str(Path(__file__).parents[1]))

# How long an example takes is the machine's business: no test is timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Their tests start processes, in boxes and with limits, or servers.
STARTING = tuple(f"tests/{room}/" for room in ("tools", "mcp_server", "isolate", "limits", "server", "audit", "undo"))
SLOWER_AND_SLOWER = ("browser", "kernel", "hub", "packaging")
# What one real server, one browser and one Hub are shared by.
SHARING = ("tests/browser/", "tests/hub/")
MUST_RUN = tuple(
    line for line in (Path(__file__).parent / "must_run.txt").read_text().split("\n") if line and line[0] != "#"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A mistake in a quick test shows within a minute, not behind the browser."""

    def slowness(item: pytest.Item) -> int:
        return max(
            (SLOWER_AND_SLOWER.index(m.name) + 1 for m in item.iter_markers() if m.name in SLOWER_AND_SLOWER), default=0
        )

    items.sort(key=slowness)
    # A machine that halts for seconds fails a test that waits for a browser, a kernel or another process; a defect fails
    # it twice. The summary names each that was run again.
    if os.environ.get("CI"):
        for item in items:
            if slowness(item) or item.nodeid.startswith(STARTING):
                item.add_marker(pytest.mark.flaky(reruns=1))


class OneServer(LoadScopeScheduling):  # type: ignore[misc]
    """A file's tests run in one process, and all that share the browser's server or the Hub do: there is one of each."""

    def _split_scope(self, nodeid: str) -> str:
        path = str(nodeid.partition("::")[0])
        return next((folder for folder in SHARING if path.startswith(folder)), path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneServer:
    """In the order in which they were collected: quick failures first, the longest queue not last."""
    config.option.loadscopereorder = False
    return OneServer(config, log)


class MustRun:
    """Counts what the list names; a name that matches nothing is as bad as a skip."""

    def __init__(self) -> None:
        self.collected: list[str] = []
        self.skipped: dict[str, str] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.collected = [item.nodeid for item in session.items]

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self.collected = ids

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and report.nodeid.startswith(MUST_RUN):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.skipped[report.nodeid] = reason

    def missing(self) -> list[str]:
        return [name for name in MUST_RUN if not any(node.startswith(name) for node in self.collected)]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if (self.skipped or self.missing()) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for node, reason in self.skipped.items():
            terminalreporter.write_line(f"MUST RUN, but skipped: {node}: {reason}", red=True)
        for name in self.missing():
            terminalreporter.write_line(f"MUST RUN, but there is no such test: {name}", red=True)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Kernels of the tests have homes of their own; compiling the token formats in each would be most of the work."""
    if config.cache is not None and "XDG_CACHE_HOME" not in os.environ:
        os.environ["XDG_CACHE_HOME"] = str(config.cache.mkdir("shared"))
    is_worker = hasattr(config, "workerinput")
    if os.environ.get("CI") and not is_worker and config.args_source != pytest.Config.ArgsSource.ARGS:
        config.pluginmanager.register(MustRun(), "must-run")
