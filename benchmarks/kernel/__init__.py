"""The guarded kernel against plain ipykernel and against the limit of any wrapper, interleaved in one run."""
