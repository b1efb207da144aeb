"""Who works for a co-op: invited by link, held to a role, taken away again; and whoever helps for some hours."""
