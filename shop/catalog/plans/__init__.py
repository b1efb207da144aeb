"""Prices that begin on a day named before."""
