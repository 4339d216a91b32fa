"""A notebook on its way to the disk -> the same without secrets in its outputs, whoever put them there; what a program
changed in it is marked.

The kernel's wrapper has cleaned what its kernel sent; this covers kernels that are not guarded, notebooks that were
pasted or uploaded, and values that became known later.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

from tornado import web

from jupyter_guard.guard.saved import clean_saved
from jupyter_guard.scrub import KnownValues, with_own
from jupyter_guard.server.writers import current_request, is_saved_by_program, mark_changed, notebook_at


class SavingHook:
    """Called before each save (jupyter_server's ``pre_save_hook``). ``root`` is where policy layers are looked for."""

    __name__ = "jupyter_guard"

    def __init__(self, root: str | Path, log: Any) -> None:
        self._root = Path(root).expanduser()
        self._log = log

    def __call__(self, model: dict[str, Any], path: str, contents_manager: Any = None, **_: Any) -> None:
        """Change ``model`` in place. Raises ``HTTPError`` where it cannot be cleaned: then nothing is written."""
        content = model.get("content")
        if model.get("type") != "notebook" or not isinstance(content, dict):
            return
        try:
            taken = clean_saved(content, *self._sought())
        except Exception as error:
            # The front end keeps what it has and shows this; written unclean, a secret would be on the disk.
            self._log.error("jupyter_guard: %s was not saved", path, exc_info=True)
            raise web.HTTPError(
                500,
                f"jupyter_guard did not save {path}: its outputs could not be looked through for secrets "
                f"({type(error).__name__}: {error}). Clear the outputs, or mend what this says, and save again.",
                reason="Outputs could not be looked through for secrets",
            ) from error
        self._mark(content, path, contents_manager)
        if taken:
            kinds = Counter(redaction.kind for _, redaction in taken)
            said = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
            self._log.warning("jupyter_guard: saved %s without %s", path, said)

    def _mark(self, content: dict[str, Any], path: str, contents_manager: Any) -> None:
        if not is_saved_by_program(current_request()):
            return
        # Where the file is not one of this machine's, all of it may be the program's.
        place = getattr(contents_manager, "_get_os_path", None)
        marked = mark_changed(content, notebook_at(Path(place(path))) if place is not None else None)
        if marked:
            self._log.warning("jupyter_guard: a program saved %s; %d of its cells are marked as its own", path, marked)

    def _sought(self) -> Any:
        from jupyter_guard.policy import load_effective

        policy = load_effective(self._root)
        known = KnownValues.from_sources(policy.scrub.known_from, os.environ, Path.home())
        return known, with_own(policy.scrub.patterns)
