"""Lower prices for more, and for buyers whom a co-op knows."""
