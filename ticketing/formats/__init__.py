"""Moments in the tables of the back office: short, and by the clock of twenty-four hours."""
