"""Very many pieces of work -> their results in order, from all cores or a cluster, kept in a journal on the way.

A command hands over pieces (a notebook, a case, an answer) and a job, which turns one piece into bytes. Where it runs
changes nothing about the results: alone in this process, in processes on this machine, or on a Dask cluster.
"""

from jupyter_guard.corpus.crew import Crew, CrewError, hire
from jupyter_guard.corpus.journal import Journal, JournalError
from jupyter_guard.corpus.piece import Done, Job, Lost, Piece, key_of
from jupyter_guard.corpus.run import results

__all__ = ["Crew", "CrewError", "Done", "Job", "Journal", "JournalError", "Lost", "Piece", "hire", "key_of", "results"]
