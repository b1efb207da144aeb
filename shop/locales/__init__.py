"""The English catalogue; Vietnamese is the source text."""
