"""What buyers say of goods they received, what people ask about goods, and what the co-op answers."""
