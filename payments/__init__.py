"""Money in, owed and out. Knows no order, only a subject such as `order:17`."""
