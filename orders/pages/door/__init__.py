"""The door: staff of an organizer let the holders of tickets in, with a telephone's camera."""
