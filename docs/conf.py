"""Sphinx: the prose pages here and the generated ones in ``reference/`` -> HTML."""

from __future__ import annotations

from jupyter_guard import __version__

project = "jupyter_guard"
author = "The jupyter_guard contributors"
copyright = "The jupyter_guard contributors, BSD-3-Clause"  # noqa: A001
version = release = __version__

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"jupyter_guard {version}"
html_show_copyright = True
