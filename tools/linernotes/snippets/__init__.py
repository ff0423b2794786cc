"""Snippets: the Python examples of a page, their chains, and the modules made from them."""
