"""What a guarded kernel sees of what really happens, and what seeing it costs: `README.md` says which command is which."""
