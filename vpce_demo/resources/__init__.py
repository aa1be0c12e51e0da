"""The kinds of resource, one file each.  A new kind is a new file here and its lines in ``tutorial.py``."""
