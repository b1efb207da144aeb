"""A price or a count that was just changed can be taken back for a few seconds, instead of being asked about before."""
