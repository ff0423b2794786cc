"""Checks of pages: what a reader, a search engine or an agent would stumble over."""
