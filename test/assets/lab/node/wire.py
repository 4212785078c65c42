"""Speaks over a network namespace's wire, for security-groups.bats.

usage: wire.py listen ADDRESS PORT        answers each TCP connection with "answer"
       wire.py receive PROTOCOL FILE      appends packets of an IP protocol to a file as they arrive
       wire.py send ADDRESS PROTOCOL      sends one packet of an IP protocol that says "a marked packet"
"""

import socket
import sys


def listen(address, port):
    with socket.create_server((address, int(port))) as server:
        while True:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"answer")


def receive(protocol, file):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, int(protocol)) as raw, open(file, "ab", buffering=0) as out:
        while True:
            out.write(raw.recv(2000))


def send(address, protocol):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, int(protocol)) as raw:
        raw.sendto(b"a marked packet", (address, 0))


if __name__ == "__main__":
    {"listen": listen, "receive": receive, "send": send}[sys.argv[1]](*sys.argv[2:])
