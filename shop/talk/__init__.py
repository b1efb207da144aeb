"""Messages between a buyer and a co-op about one parcel."""
