"""The report: one HTML page about one demo, from its creation to the proof that nothing is left."""
