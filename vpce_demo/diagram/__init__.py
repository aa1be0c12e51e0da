"""The architecture of a demo with its real ids, addresses and states: one model, and a renderer for each place."""
