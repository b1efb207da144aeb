"""A photo of a parcel in its buyer's hands, seen by buyer and co-op."""
