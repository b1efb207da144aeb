"""Harvest lots: what was picked together is packed together, the earliest best-before first.

Pools remain the only thing sold from; a lot only says which of the units on the shelf a packer takes.
"""
