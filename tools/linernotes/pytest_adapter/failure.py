"""How a snippet fails in pytest."""


class SnippetFailedError(Exception):
    """A snippet didn't pass; its text is all there is to say."""
