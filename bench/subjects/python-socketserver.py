"""CPython's own socketserver.

    python-socketserver.py echo|once|echo-lines|lines|idle|udp|shutdown

prints {"port":N} when it serves. Connections are served by ThreadingTCPServer, datagrams by UDPServer.
"""

import json
import socket
import socketserver
import sys
import threading
import time

BACKLOG = 511  # as for every subject; Python's own 5 would drop connections of a crowd
RECEIVE_BUFFER = 2**20  # as for every subject: 256 datagrams in flight shall fit
SHUTDOWNS = 20


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65_536):
            self.request.sendall(data)


class EchoOnce(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(self.request.recv(65_536))


class EchoLines(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line)


class Upper(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())


class EchoDatagram(socketserver.BaseRequestHandler):
    def handle(self):
        data, server_socket = self.request
        server_socket.sendto(data, self.client_address)


class TCPServer(socketserver.ThreadingTCPServer):
    request_queue_size = BACKLOG
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client that is gone is no news
            super().handle_error(request, client_address)


def tell(message):
    print(json.dumps(message), flush=True)


def time_shutdowns(server):
    """Milliseconds from the call of shutdown() to the return of serve_forever(), again and again."""
    milliseconds = []
    for count in range(SHUTDOWNS):
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        # At another moment each time, spread over the half second in which serve_forever() looks for a shutdown once.
        time.sleep(0.5 * (count + 0.5) / SHUTDOWNS)
        start = time.perf_counter()
        server.shutdown()
        serving.join()
        milliseconds.append((time.perf_counter() - start) * 1000)
    return milliseconds


kind = sys.argv[1]
if kind == "udp":
    server = socketserver.UDPServer(("127.0.0.1", 0), EchoDatagram)
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
else:
    handler = {"once": EchoOnce, "echo-lines": EchoLines, "lines": Upper}.get(kind, Echo)
    server = TCPServer(("127.0.0.1", 0), handler)

if kind == "shutdown":
    # The idle connections are accepted by a first run; then the command comes.
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    tell({"port": server.server_address[1]})
    sys.stdin.readline()
    server.shutdown()
    serving.join()
    tell({"milliseconds": time_shutdowns(server)})
else:
    tell({"port": server.server_address[1]})
    server.serve_forever()
