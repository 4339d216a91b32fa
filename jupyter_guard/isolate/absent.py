"""A home that a kernel may write to -> start-up files that are not there yet, held by empty ones while kernels run.

What is not there has no mount, so nothing in the box could keep a cell from making it, and a shell, git or Jupyter
outside would run it. So an empty one is made, and is read-only in the box; the last kernel to end takes away what is
still as it was made. Where an empty file would take another one's place, it says to read that one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator

_LIST, _KERNELS = "absent.json", "absent-for"
# bash(1), readline(3), xinit(1), vim's starting.txt, the Emacs manual's "Find Init", tmux(1).
_CONTENT = {
    ".bash_profile": 'for one in ~/.bash_login ~/.profile; do if [ -r "$one" ]; then . "$one"; break; fi; done\n',
    ".bash_login": "if [ -r ~/.profile ]; then . ~/.profile; fi\n",
    ".inputrc": "$include /etc/inputrc\n",
    ".xinitrc": ". /etc/X11/xinit/xinitrc\n",
    ".vimrc": "silent! source $VIMRUNTIME/defaults.vim\n",
    ".emacs": '(load (if (file-exists-p "~/.config/emacs/init.el") "~/.config/emacs/init" "~/.emacs.d/init") t)\n',
    ".tmux.conf": "if-shell '[ -r ~/.config/tmux/tmux.conf ]' 'source-file ~/.config/tmux/tmux.conf'\n",
}


def join(cache: str, directory: str) -> None:
    """A kernel with this private directory is held by what was made from now on. Raises ``OSError``."""
    os.makedirs(os.path.join(cache, _KERNELS), 0o700, exist_ok=True)
    os.symlink(directory, os.path.join(cache, _KERNELS, os.path.basename(directory)))


def make(wanted: Iterable[tuple[str, bool]], home: str, cache: str, directory: str) -> list[str]:
    """Make what is not there: each path, and whether it is a folder. ``cache`` keeps the list and who needs it.

    What of that was made, now or for a kernel that still runs; a folder that was made around it only is a person's as
    any other. Raises ``OSError``.
    """
    wanted = list(wanted)
    with _listed(cache) as made:
        join(cache, directory)
        for path, is_folder in wanted:
            missing = _missing(path)
            for one in missing[:-1] if missing else ():
                os.mkdir(one, 0o700)
                made[one] = ""
            if missing and is_folder:
                os.mkdir(path, 0o700)
                made[path] = ""
            elif missing:
                content = _CONTENT.get(os.path.relpath(path, home), "")
                with open(path, "x", encoding="utf-8") as file:
                    file.write(content)
                made[path] = content
        named = {path for path, _ in wanted}
        around = {os.path.dirname(one) for one in made}
        return [one for one in made if (one in named or one not in around) and os.path.lexists(one)]


def remove(cache: str, runs: Callable[[str], bool]) -> None:
    """Take away what is as it was made, where no kernel ``runs``, by its directory, that is held by it."""
    if not os.path.exists(os.path.join(cache, _LIST)):
        return
    with contextlib.suppress(OSError), _listed(cache) as made:
        kernels = os.path.join(cache, _KERNELS)
        for one in os.listdir(kernels):
            if runs(os.readlink(os.path.join(kernels, one))):
                return
            os.unlink(os.path.join(kernels, one))
        for path in sorted(made, key=len, reverse=True):
            with contextlib.suppress(OSError):
                if os.path.isdir(path) and not os.path.islink(path):
                    os.rmdir(path)
                elif _is_as_made(path, made[path]):
                    os.unlink(path)
        made.clear()


def _is_as_made(path: str, content: str) -> bool:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(len(content) + 1) == content


def _missing(path: str) -> list[str]:
    """The path and the folders around it that are not there, the outermost first."""
    found = []
    while not os.path.lexists(path):
        found.append(path)
        path = os.path.dirname(path)
    return found[::-1]


@contextlib.contextmanager
def _listed(cache: str) -> Iterator[dict[str, str]]:
    """What was made, while nobody else changes it: whoever starts a kernel waits for whoever takes something away."""
    # Not on Windows, which has no box.
    import fcntl
    import json

    os.makedirs(cache, 0o700, exist_ok=True)
    with open(os.path.join(cache, _LIST), "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        try:
            made = dict(json.loads(file.read() or "{}"))
        except (ValueError, TypeError):
            made = {}
        try:
            yield made
        finally:
            file.seek(0)
            file.truncate()
            file.write(json.dumps(made))
