"""The inputs and buttons of a page."""

from __future__ import annotations

from html.parser import HTMLParser


class Fields(HTMLParser):
    """The inputs of a page."""

    def __init__(self, page):
        super().__init__()
        self.inputs, self.buttons = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "input":
            self.inputs.append(dict(attrs))
        if tag == "button":
            self.buttons.append(dict(attrs))

    def seats(self):
        return {int(each["value"]): each for each in self.inputs if each.get("name") == "seats"}

    def key(self):
        return next(each["value"] for each in self.inputs if each.get("name") == "key")
