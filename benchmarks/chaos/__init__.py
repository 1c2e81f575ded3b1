"""The product under a load while its parts are killed, frozen and starved; see `make chaos`."""
