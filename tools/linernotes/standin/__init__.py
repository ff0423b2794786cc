"""The stand-in: an offline server that speaks the Claude Messages API."""
