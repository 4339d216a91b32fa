"""Claims about who wrote a cell -> the origin by which it is judged, with the evidence in words."""

from jupyter_guard.origin.claim import Claim, code_hash, is_id, marked_author, read_claim, stored_author
from jupyter_guard.origin.claims import Claims
from jupyter_guard.origin.decide import Evidence, decide_origin

__all__ = [
    "Claim",
    "Claims",
    "Evidence",
    "code_hash",
    "decide_origin",
    "is_id",
    "marked_author",
    "read_claim",
    "stored_author",
]
