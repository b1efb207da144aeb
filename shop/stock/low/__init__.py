"""The co-op is told once that a thing is nearly sold out."""
