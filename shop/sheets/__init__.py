"""Spreadsheets both ways: a co-op's sheet of goods, prices and stock comes in, everything of the co-op goes out."""
