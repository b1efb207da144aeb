"""MediaMTX, an optional media server for many or large publishers: whom it lets in, and what it tells of."""
