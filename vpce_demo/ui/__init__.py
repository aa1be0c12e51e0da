"""What the user sees: listeners of the engine's events, and renderers of what commands found out."""
