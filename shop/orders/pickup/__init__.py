"""Hours at which buyers fetch their parcels from a co-op's shelf, each with so many places."""
