"""The demo market: invented, truthful about it, the same each time."""
