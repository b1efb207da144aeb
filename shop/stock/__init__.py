"""Pools of units and holds on them: the only place that moves units."""
