"""Stand-ins for outside services, for development and tests on one machine.

They run in a process of their own on loopback (`python -m sandbox`), import none of our apps and
are imported by none, so that a stand-in and our client of the same protocol check each other.
"""
