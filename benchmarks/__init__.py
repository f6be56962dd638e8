"""Ratios of strates against its peers, measured in one run on this machine: ``python -m benchmarks``."""
