"""A cell -> its effects."""
