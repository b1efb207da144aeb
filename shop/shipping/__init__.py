"""Delivery: what it costs and when it comes, and the parcels' way to the buyer."""
