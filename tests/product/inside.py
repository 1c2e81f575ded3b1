"""Run the `main` of a module beside this one as a program of the product: `… inside door_world`.

A process of its own, because the product has settings of its own and its models are imported by
them.
"""

from __future__ import annotations

import sys
from importlib import import_module

import django

if __name__ == "__main__":
    django.setup()
    name, *arguments = sys.argv[1:]
    import_module(f"tests.product.{name}").main(*arguments)
