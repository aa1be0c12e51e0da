"""The report: one page of HTML about one demo, from its making to the proof that nothing is left."""
