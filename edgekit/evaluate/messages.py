"""Messages between edgekit's own processes: MessagePack with its length before it. To read one executes nothing."""

import struct
from typing import IO, TypeVar

import msgspec

_LENGTH = struct.Struct("<Q")
_LONGEST = 1 << 34
Message = TypeVar("Message")


def send(stream: IO[bytes], message: object) -> None:
    """Write one message, at once. Raises what writing raises: BrokenPipeError where nobody reads any more."""
    content = msgspec.msgpack.encode(message)
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def receive(stream: IO[bytes], form: type[Message]) -> Message:
    """The next message, of the type `form`. Raises EOFError at the end, ValueError for what is no such message."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    if length > _LONGEST:
        raise ValueError(f"a message of {length} bytes")
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return msgspec.msgpack.decode(content, type=form)
