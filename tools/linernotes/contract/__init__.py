"""The contract: what the Claude API takes and sends, read from the installed `anthropic` package.

`requests.check_request` and `responses.check_response` are the ways in.
"""
