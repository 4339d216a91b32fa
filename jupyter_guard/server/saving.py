"""A notebook on its way to the disk -> the same without secrets in its outputs, whoever put them there; what a program
changed in it is marked.

The kernel's wrapper has cleaned what its kernel sent; this covers kernels that are not guarded, notebooks that were
pasted or uploaded, and values that became known later.
"""

from __future__ import annotations

import base64
import json
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
        if model.get("type") == "notebook" and isinstance(content, dict):
            self._clean(content, path, contents_manager)
        elif model.get("type") == "file" and path.endswith(".ipynb") and isinstance(content, str):
            # The same file by another name of its type; one that comes in parts is put together before (``uploading``).
            is_coded = model.get("format") == "base64"
            notebook = _notebook_in(content, is_coded)
            if notebook is not None and self._clean(notebook, path, contents_manager):
                text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
                model["content"] = base64.b64encode(text.encode()).decode() if is_coded else text

    def _clean(self, content: dict[str, Any], path: str, contents_manager: Any) -> bool:
        """Clean and mark a notebook in place; whether anything was changed."""
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
        marked = self._mark(content, path, contents_manager)
        if taken:
            kinds = Counter(redaction.kind for _, redaction in taken)
            said = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
            self._log.warning("jupyter_guard: saved %s without %s", path, said)
        return bool(taken) or marked

    def _mark(self, content: dict[str, Any], path: str, contents_manager: Any) -> bool:
        if not is_saved_by_program(current_request()):
            return False
        # Where the file is not one of this machine's, all of it may be the program's.
        place = getattr(contents_manager, "_get_os_path", None)
        marked = mark_changed(content, notebook_at(Path(place(path))) if place is not None else None)
        if marked:
            self._log.warning("jupyter_guard: a program saved %s; %d of its cells are marked as its own", path, marked)
        return bool(marked)

    def _sought(self) -> Any:
        from jupyter_guard.policy import load_effective

        policy = load_effective(self._root)
        known = KnownValues.from_sources(policy.scrub.known_from, os.environ, Path.home())
        return known, with_own(policy.scrub.patterns)


def _notebook_in(text: str, is_coded: bool) -> dict[str, Any] | None:
    """The notebook that a file's text is, ``None`` for what is none."""
    try:
        found = json.loads(base64.b64decode(text).decode() if is_coded else text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
