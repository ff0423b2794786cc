"""Linernotes: documentation whose examples are run, offline, against recorded API traffic."""

__version__ = "0.1.0"
