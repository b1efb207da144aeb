"""Codes that take something off: whose, from which goods, how often."""
