"""``jupyter guard mcp``: a server for MCP clients, over stdio or HTTP."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_guard.cli.console import complain

if TYPE_CHECKING:
    from jupyter_guard.mcp.offered import Offered

EXTRA = "This needs the MCP SDK: pip install 'jupyter_guard[mcp]'."


@click.command("mcp")
@click.option("--http", "is_http", is_flag=True, help="Serve streamable HTTP on this machine's loopback, not stdio.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="For --http; 0: any free one."
)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The folder whose policy counts for vet, context and approved tools; the current one by default.",
)
@click.option("--server", "url", help="Only this Jupyter server, with the token in JUPYTER_TOKEN.")
@click.option(
    "--lease",
    type=click.FloatRange(1, 3600),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="How long code of run_cell goes on when this server is killed; the kernel's guard then takes it back.",
)
def command(is_http: bool, port: int, folder: Path, url: str | None, lease: float) -> None:
    """Offer vet, explain, context, the approved tools and run_cell to an MCP client.

    run_cell runs on the guarded kernels of your own running Jupyter servers, as an assistant's cell. What the policy
    asks about is asked in the notebook: no client can approve.

    Over HTTP a client has to say the token, which is in a file that only you can read; its name is said at the start.
    JUPYTER_GUARD_MCP_TOKEN sets another token.
    """
    # A module in the workspace must not stand in for one of the guard's, in what this starts.
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        import anyio
        import mcp.server.lowlevel  # noqa: F401 - whether it is there
    except ImportError as error:
        raise click.UsageError(f"{EXTRA} ({error})") from error
    if port and not is_http:
        raise click.UsageError("--port is for --http.")
    from jupyter_guard.mcp.sdk import server_of

    offered = _offered(folder.resolve(), url, lease)
    if is_http:
        _serve_http(offered, port)
        return
    from jupyter_guard.mcp.serving import over_stdio

    if sys.stdin.isatty():
        complain("this speaks MCP on standard input and output: an MCP client starts it. Ctrl-C ends it.")
    try:
        anyio.run(over_stdio, server_of(offered), offered.end)
    finally:
        offered.close()


def _offered(folder: Path, url: str | None, lease: float) -> Offered:
    from jupyter_core.paths import jupyter_runtime_dir

    from jupyter_guard.mcp.offered import Offered as Tools
    from jupyter_guard.mcp.servers import ServerError, named

    try:
        server = None if url is None else named(url, os.environ)
    except ServerError as error:
        raise click.UsageError(f"--server: {error}.") from error
    return Tools(folder, Path(jupyter_runtime_dir()), server, lease)


def _serve_http(offered: Offered, port: int) -> None:
    import anyio
    from jupyter_core.paths import jupyter_runtime_dir

    from jupyter_guard.mcp.sdk import server_of
    from jupyter_guard.mcp.serving import LOOPBACK, PATH, chosen_token, listen, over_http, write_down

    try:
        token = chosen_token(os.environ)
        listener = listen(port)
    except ValueError as error:
        raise click.UsageError(f"{error}.") from error
    except OSError as error:
        raise click.UsageError(f"--port {port}: {error.strerror}.") from error
    with listener:
        url = f"http://{LOOPBACK}:{listener.getsockname()[1]}{PATH}"
        file = write_down(Path(jupyter_runtime_dir()), url, token)
        # What ends a server is raised again when it has ended: the file must go first.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            complain(f"MCP at {url}; the token is in {file}")
            anyio.run(over_http, server_of(offered), listener, token)
        finally:
            file.unlink(missing_ok=True)
            offered.close()
