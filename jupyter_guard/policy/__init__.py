"""TOML layers -> one policy; findings -> a verdict."""

from jupyter_guard.policy.files import load_effective, policy_files, possible_files
from jupyter_guard.policy.layer import Layer, PolicyError, PolicyProblem, preset_names, read_layer
from jupyter_guard.policy.policy import Decision, Policy

__all__ = [
    "Decision",
    "Layer",
    "Policy",
    "PolicyError",
    "PolicyProblem",
    "load_effective",
    "policy_files",
    "possible_files",
    "preset_names",
    "read_layer",
]
