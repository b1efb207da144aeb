"""Live selling: sessions, their run of items, the room and the studio."""
