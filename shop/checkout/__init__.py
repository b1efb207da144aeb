"""From a cart to one order, step by step, with the goods held meanwhile."""
