"""A mail server on loopback that keeps what it is given, or refuses it as a test wishes (RFC 5321)."""

from __future__ import annotations

import email
import socketserver
import threading
from email import policy


class MailServer(socketserver.ThreadingTCPServer):
    """``with MailServer() as server``: listening on ``server.port``; mails that it took are in ``server.mails``."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), _Session)
        self.mails = []
        self.answers = {}  # what to say to a recipient instead of 250
        self.connections = 0
        self.silent = False  # accepts connections and says nothing

    @property
    def port(self):
        return self.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.connections += 1
        if self.server.silent:
            self.rfile.read()  # until the other side gives up
            return
        self.say("220 ready")
        while line := self.rfile.readline().decode().strip():
            verb, _, rest = line.partition(" ")
            match verb.upper():
                case "EHLO" | "HELO" | "MAIL" | "RSET" | "NOOP":
                    self.say("250 fine")
                case "RCPT":
                    self.say(self.server.answers.get(rest.split("<")[1].split(">")[0], "250 fine"))
                case "DATA":
                    self.say("354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    data = b"".join(line[1:] if line.startswith(b".") else line for line in lines)
                    self.server.mails.append(email.message_from_bytes(data, policy=policy.default))
                    self.say("250 taken")
                case "QUIT":
                    self.say("221 bye")
                    return
                case _:
                    self.say("502 not here")

    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())
