"""The benchmark: vpce-demo and other tools at the same work in the sandbox, measured from outside.

``python -m bench`` measures and writes ``docs/performance.md``; see ``__main__`` for the options.
"""
