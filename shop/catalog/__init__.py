"""Products and their variants, photos, what a thing costs now, and search."""
