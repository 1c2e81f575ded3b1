"""The house of a showing in the back office: its seats and their states, blocking, prices."""
