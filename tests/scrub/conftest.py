"""The benchmarks' contexts are data of these tests too."""

from __future__ import annotations

import sys
from pathlib import Path

# At the end: what is installed comes first.
sys.path.append(str(Path(__file__).parents[2]))
