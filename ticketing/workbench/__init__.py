"""The pages of the back office on which events are made, filled with seats, copied, published."""
