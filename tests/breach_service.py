"""The range service of Have I Been Pwned, as its documentation has it: a process of its own.

Run with the passwords it knows as arguments; it writes its port and then each path it was asked.
"""

from __future__ import annotations

import hashlib
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from sandbox.run import say

KNOWN = [hashlib.sha1(word.encode(), usedforsecurity=False).hexdigest() for word in sys.argv[1:]]
PADDING = f"{'0' * 35}:0"  # such lines stand for nothing


class Range(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        say(self.path)
        prefix = self.path.removeprefix("/range/").upper()
        found = [f"{each[5:].upper()}:1,204" for each in KNOWN if each[:5].upper() == prefix]
        self.send_response(200)
        self.end_headers()
        self.wfile.write("\r\n".join([*found, PADDING]).encode())

    def log_message(self, *_about: object) -> None:
        """Standard error is for faults."""


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Range)
    say(str(server.server_port))
    server.serve_forever()
