"""What cells change in the workspace -> set aside before they run, and brought back when somebody asks for it.

``tree`` reads and writes below one folder without ever leaving it, ``store`` keeps contents, ``steps`` what each cell
found and left, ``restore`` brings it back.
"""

from jupyter_guard.undo.steps import Header, Step, Steps, Uncovered

__all__ = ["Header", "Step", "Steps", "Uncovered"]
