"""A demo in the files of other tools."""
