"""Flash prices of a session: for so many, until then, so many to one buyer."""
