"""The marketplace: accounts, co-ops, goods, orders. Rooms and directions: docs/adr and README."""
