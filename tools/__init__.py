"""What makes the documentation's pictures: ``python -m tools.pictures``."""
