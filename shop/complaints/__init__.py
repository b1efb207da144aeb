"""Goods that arrived spoilt: a claim with photos, a clock for the co-op, the alliance when it is silent or refuses."""
