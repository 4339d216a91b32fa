"""The cells of a notebook in their order -> what people who review notebooks would say of how they are written.

Asked off the path of a run only: in ``vet``, in evaluations and for cells that nobody has run yet. Never loaded by the
wrapper, nor before a cell runs.
"""
