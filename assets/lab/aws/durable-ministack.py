#!/opt/ministack/bin/python
"""Starts ministack so that its state survives a kill as well.

By itself, ministack 1.5.33 writes the objects of S3 at once and everything else only when it is told to stop. After a
kill there would be buckets without the stacks that own them, and every deployment would fail on that.
"""
import asyncio
import logging

from ministack import app as ministack
from ministack.core.persistence import save_all

SAVE_INTERVAL_SECONDS = 5
# Its images are hundreds of MB, a second to write: they wait until a push is over. A push that is cut off is repeated.
REGISTRY = "ecr"

serve = ministack.app
seen = {}
saved = {}


def content(state):
    """For comparison: ministack's dictionaries of accounts equal nothing but themselves."""
    return {name: getattr(part, "_data", part) for name, part in (state or {}).items()}


def note_what_is_saved():
    for name, get_state in ministack._build_persistence_save_dict().items():
        saved[name] = content(get_state())


def save_changes():
    for name, get_state in ministack._build_persistence_save_dict().items():
        state = get_state()
        now = content(state)
        before, seen[name] = seen.get(name), now
        if now == saved.get(name) or (name == REGISTRY and now != before):
            continue
        save_all({name: lambda state=state: state})
        saved[name] = now


async def save_while_running():
    """On the event loop, where requests change the state: nothing changes while it is copied."""
    while True:
        await asyncio.sleep(SAVE_INTERVAL_SECONDS)
        try:
            save_changes()
        except Exception:
            logging.exception("the state is not saved; what was saved before stays")


async def app(scope, receive, send):
    """ministack itself; beside it, the state is saved from the end of its start to the begin of its stop."""
    if scope["type"] != "lifespan":
        return await serve(scope, receive, send)
    saver = None

    async def receive_and_see_the_stop():
        message = await receive()
        # From here on ministack saves by itself, and the gateway takes quiet files for a complete state.
        if message["type"] == "lifespan.shutdown" and saver:
            saver.cancel()
        return message

    async def send_and_see_the_start(message):
        nonlocal saver
        await send(message)
        # Not before: an empty state would replace the saved one that is yet to be read.
        if message["type"] == "lifespan.startup.complete":
            note_what_is_saved()
            saver = asyncio.create_task(save_while_running())

    await serve(scope, receive_and_see_the_stop, send_and_see_the_start)


ministack.app = app
ministack.main()
