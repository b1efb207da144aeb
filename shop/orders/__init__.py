"""Orders and their parcels, one parcel a co-operative."""
