"""A rush on a small house: thousands of people of several kinds, all through public HTTP."""
