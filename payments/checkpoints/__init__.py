"""Balances remembered: what an account held up to an entry, so that only what came after is added up."""
