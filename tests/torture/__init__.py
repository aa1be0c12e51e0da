"""The program tortured in the sandbox: killed at every call, refused everything, looked at too early, all counted.

``python -m tests.torture`` runs the sweeps and writes ``docs/reliability.md``.  A sweep is a list of cases; each
case runs in a worker (``world.py``) with a directory and a sandbox of its own, where the program's commands are
forked processes.
"""
