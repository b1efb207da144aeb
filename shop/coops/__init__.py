"""The co-ops: who they are, where they are, and what they promise."""
