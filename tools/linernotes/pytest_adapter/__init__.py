"""The pytest plugin: each snippet is a test."""
