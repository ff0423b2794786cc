"""Auditing: recorded traffic, anybody's, against the contract of today."""
