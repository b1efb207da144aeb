"""The chat of a room, and orders made by comment ("chốt đơn")."""
