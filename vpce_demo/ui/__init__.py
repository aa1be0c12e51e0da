"""Everything on the terminal: the progress of a run, and the output of commands."""
