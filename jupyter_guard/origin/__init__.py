"""Claims about who wrote a cell -> Origin."""
