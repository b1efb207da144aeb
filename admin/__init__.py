"""The alliance's office and the operator's room: pages over the services below; no rule lives here."""
