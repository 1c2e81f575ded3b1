"""Money that customers get back: why, how much, who decided, and how far it is."""
