"""What callables, commands and token formats do and look like, as data."""
