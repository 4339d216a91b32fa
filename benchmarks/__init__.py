"""Ratios against peers, measured in one run: ``python -m benchmarks [kernel] [vet] [scrub]``."""
