"""TOML layers -> one policy; findings -> verdict."""
