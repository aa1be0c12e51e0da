"""AWS PrivateLink end to end in one command."""

__version__ = "0.1.0"
