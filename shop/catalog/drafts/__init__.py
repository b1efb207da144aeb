"""Goods that are being listed, step by step: kept as they are typed, so that a dead phone loses nothing."""
