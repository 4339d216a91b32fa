"""Real agents as programs of their own, in whichever environment has them."""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path

# An agent on the server that types into the document, as jupyter-nbmodel-client lets it.
TYPE_SLOWLY = """
    import asyncio, json, sys
    from jupyter_nbmodel_client import NbModelClient, get_jupyter_notebook_websocket_url

    async def main(url, token, notebook, text):
        address = get_jupyter_notebook_websocket_url(url, notebook, token)
        async with NbModelClient(address) as document:
            index = document.add_code_cell("")
            for end in range(1, len(text) + 1):
                document.set_cell_source(index, text[:end])
                await asyncio.sleep(0.05)
            await asyncio.sleep(1)
    asyncio.run(main(*json.loads(sys.argv[1])))
"""


def run(python: Path, script: str, *words: str) -> str:
    command = [str(python), "-c", textwrap.dedent(script), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
