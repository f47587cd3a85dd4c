"""What strangers say to a node: ZMTP 3 by hand, libzmq's own sockets, and xylem's messages."""

import ctypes
import socket
import struct

# The protocol, by hand


def greeting(mechanism):
    return b"\xff" + b"\0" * 7 + b"\x01\x7f\x03\0" + mechanism.ljust(20, b"\0") + b"\0" * 32


def frame(body, flags=0):
    if len(body) < 256:
        return struct.pack(">BB", flags, len(body)) + body
    return struct.pack(">BQ", flags | 2, len(body)) + body


def announced(size, flags=0):
    """The beginning of a long frame."""
    return struct.pack(">BQ", flags | 2, size)


def ready(name):
    def attribute(key, value):
        return struct.pack(">B", len(key)) + key + struct.pack(">I", len(value)) + value
    return frame(b"\x05READY" + attribute(b"Socket-Type", b"DEALER") +
                 attribute(b"Identity", name), flags=4)


def introduction(name):
    """Everything that one says first who says that he is `name`, and has no keys."""
    return greeting(b"NULL") + ready(name)


def connection_to(address):
    """A socket, and what it is to be connected to: a port, or the path of a socket."""
    if not isinstance(address, int):
        return socket.socket(socket.AF_UNIX), address
    connection = socket.socket(socket.AF_INET)
    # Closed by a reset: thousands of them would else use up the ports.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return connection, ("127.0.0.1", address)


def connect(address):
    connection, address = connection_to(address)
    connection.settimeout(60)
    try:
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def begin_to_connect(address):
    """Without waiting for it; whether it succeeds will be seen."""
    connection, address = connection_to(address)
    connection.setblocking(False)
    try:
        connection.connect(address)
    except BlockingIOError:
        pass
    except OSError:
        connection.close()
        raise
    return connection


# What nodes say to each other: see src/core/message.h

HELLO, WELCOME, HEARTBEAT, INTERVAL, REPORT, CHANGE, REQUEST, REPLY = range(1, 9)
EXPECT, LET_GO, EXEC, RECALL, PING, CANCEL = OPERATIONS = range(1, 7)
SILENT, BACK = CHANGES = range(1, 3)
CHILD, PARENT, RING = b"c", b"p", b"r"
INTERVAL_MAX = (1 << 31) - 1


def name_of(role, link, tag):
    return role + struct.pack(">QQ", link, tag)


def numbers_of(name):
    """The link and the tag."""
    return struct.unpack(">QQ", name[1:])


VERSION = 6


def message(kind, code=0, status=0, request=0, tag=0, id=0, life=0, value=0, link=0, payload=b""):
    """Without a route."""
    return struct.pack(">2sBBBBHQQqQqQIIHHI", b"xy", VERSION, kind, code, 0, status, request, tag, id, life,
                       value, link, 60000, len(payload), 0, 0, 0) + payload


def expectation(id, life, link, tag):
    """Of a child whose secret are zeros."""
    return struct.pack(">qQQQ", id, life, link, tag) + bytes(32 + 41)


# A socket of libzmq

PAIR, DEALER = 0, 5
DONTWAIT = 1
ROUTING_ID, LINGER, RCVTIMEO = 5, 17, 27
CURVE_PUBLICKEY, CURVE_SECRETKEY, CURVE_SERVERKEY = 48, 49, 50
HANDSHAKE_SUCCEEDED, HANDSHAKE_FAILED, DISCONNECTED = 0x1000, 0x0800 | 0x2000 | 0x4000, 0x0200


def library():
    zmq = ctypes.CDLL("libzmq.so.5", use_errno=True)
    zmq.zmq_ctx_new.restype = zmq.zmq_socket.restype = ctypes.c_void_p
    zmq.zmq_ctx_term.argtypes = zmq.zmq_close.argtypes = [ctypes.c_void_p]
    zmq.zmq_socket.argtypes = [ctypes.c_void_p, ctypes.c_int]
    zmq.zmq_setsockopt.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t]
    zmq.zmq_connect.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    zmq.zmq_socket_monitor.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    zmq.zmq_send.argtypes = zmq.zmq_recv.argtypes = [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
    return zmq


def call(function, *arguments):
    result = function(*arguments)
    if result is None or result == -1:
        raise OSError(ctypes.get_errno(), function.__name__)
    return result


def keys():
    """A public key and its secret."""
    both = ctypes.create_string_buffer(41), ctypes.create_string_buffer(41)
    call(library().zmq_curve_keypair, *both)
    return [key.value for key in both]


class Dealer:
    """A socket of libzmq that talks to a port, and a second one that tells how it fares."""

    def __init__(self, port, name=b"", server_key=None, own_keys=None):
        zmq = self.zmq = library()
        self.context = call(zmq.zmq_ctx_new)
        self.socket = call(zmq.zmq_socket, self.context, DEALER)
        self.events = call(zmq.zmq_socket, self.context, PAIR)
        for socket in self.socket, self.events:
            self.set(socket, LINGER, 0)
        self.set(self.events, RCVTIMEO, 60000)
        if name:
            self.set(self.socket, ROUTING_ID, name)
        if server_key:
            for option, key in zip((CURVE_PUBLICKEY, CURVE_SECRETKEY), own_keys or keys()):
                self.set(self.socket, option, key)
            self.set(self.socket, CURVE_SERVERKEY, server_key)
        call(zmq.zmq_socket_monitor, self.socket, b"inproc://events", 0xffff)
        call(zmq.zmq_connect, self.events, b"inproc://events")
        call(zmq.zmq_connect, self.socket, f"tcp://127.0.0.1:{port}".encode())

    def set(self, socket, option, value):
        value = struct.pack("i", value) if isinstance(value, int) else value
        call(self.zmq.zmq_setsockopt, socket, option, value, len(value))

    def send(self, text):
        """Unless he has been sent away already: then libzmq would wait forever for another one."""
        try:
            call(self.zmq.zmq_send, self.socket, text, len(text), DONTWAIT)
        except BlockingIOError:
            pass

    def next_event(self):
        buffer = ctypes.create_string_buffer(256)
        call(self.zmq.zmq_recv, self.events, buffer, 256, 0)
        event = struct.unpack_from("=H", buffer)[0]
        call(self.zmq.zmq_recv, self.events, buffer, 256, 0)
        return event

    def is_let_in(self):
        """Wait until that is known."""
        while True:
            event = self.next_event()
            if event & (HANDSHAKE_SUCCEEDED | HANDSHAKE_FAILED | DISCONNECTED):
                return event == HANDSHAKE_SUCCEEDED

    def close(self, linger=0):
        """What was sent is on its way within `linger` ms."""
        self.set(self.socket, LINGER, linger)
        self.zmq.zmq_socket_monitor(self.socket, None, 0)  # it would wait for one who listens
        self.zmq.zmq_close(self.events)
        self.zmq.zmq_close(self.socket)
        self.zmq.zmq_ctx_term(self.context)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
