"""A request to end (Ctrl-C, SIGTERM) becomes one KeyboardInterrupt, however often it is made.

What is imported here is imported before anything can be interrupted in good order: only what is quick. So it is the
module behind `signal`, built into the interpreter, whose constants are numbers: `signal` itself imports `enum`,
`functools` and `collections`, four fifths of the time until requests are heard.
"""

import _signal as signal  # pyright: ignore[reportMissingImports]
import sys
import time

# While the first request is being followed, workers killed and scratch folders removed, others change nothing.
PATIENCE_SECONDS = 10.0
_AGAIN_SECONDS = 0.05

_asked = -PATIENCE_SECONDS


def listen() -> None:
    """Follow requests to end from now on; Ctrl-C only where the starter did not say otherwise, as a background job."""
    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)
    sys.unraisablehook = raise_again


def is_listening() -> bool:
    """Whether `listen` has been called, and nothing took its place."""
    return signal.getsignal(signal.SIGTERM) is interrupt


def interrupt(*_: object) -> None:
    """Raise KeyboardInterrupt in the main thread, unless that was done a moment ago."""
    global _asked
    now = time.monotonic()
    if now - _asked < PATIENCE_SECONDS:
        return
    _asked = now
    raise KeyboardInterrupt


def raise_again(unraisable) -> None:  # as sys.unraisablehook is called
    """Where the request fell into a place from which nothing can be raised (a destructor), make it once more."""
    global _asked
    if unraisable.exc_type is KeyboardInterrupt:
        import threading

        _asked = -PATIENCE_SECONDS
        # Not at once: that would be in the same place still.
        again = threading.Timer(_AGAIN_SECONDS, ask_again)
        again.daemon = True
        again.start()
        return
    sys.__unraisablehook__(unraisable)


def ask_again() -> None:
    """Make the request once more; the main thread hears it also where it waits for something."""
    import _thread
    import threading

    if hasattr(signal, "pthread_kill") and (main := threading.main_thread().ident) is not None:
        signal.pthread_kill(main, signal.SIGTERM)
    else:
        _thread.interrupt_main(signal.SIGTERM)


def stop_listening() -> None:
    """Hear nothing any more: all is done, and only the interpreter's own end is left."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # CPython takes a KeyboardInterrupt in a text given to exec, as dataclasses do, for one that nobody has caught, and
    # `python -m edgekit` would end by SIGINT in the place of its status. The next text takes that back.
    exec("pass")
