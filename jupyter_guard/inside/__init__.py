"""What lives in the user's process: the IPython extension, its magics and cards."""
