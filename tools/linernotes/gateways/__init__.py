"""Gateways in front of Claude, played by what runs on this machine, while recording."""
