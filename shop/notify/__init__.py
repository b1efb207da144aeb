"""Messages out: knows addresses and texts, not people."""
