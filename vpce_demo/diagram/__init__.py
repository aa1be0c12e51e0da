"""The picture of a demo with its ids, addresses and states: one model, and renderers for terminal, Mermaid and SVG."""
