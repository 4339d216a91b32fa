"""Every known way in which text reaches a notebook, replayed; and what the guard makes of it."""
