"""Cassettes: recorded HTTP as files that a person can review."""
