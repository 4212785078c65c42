#!/opt/ministack/bin/python
"""Starts ministack so that its state survives a kill as well.

By itself, ministack 1.5.33 writes the objects of S3 at once and everything else only when it is told to stop. After a
kill there would be buckets without the stacks that own them, and every deployment would fail on that.
"""
import asyncio

from ministack import app as ministack
from ministack.core.persistence import save_all

SAVE_INTERVAL_SECONDS = 5

serve = ministack.app


async def save_while_running():
    """On the event loop, where requests change the state: nothing changes while it is copied."""
    while True:
        await asyncio.sleep(SAVE_INTERVAL_SECONDS)
        save_all(ministack._build_persistence_save_dict())


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
            saver = asyncio.create_task(save_while_running())

    await serve(scope, receive_and_see_the_stop, send_and_see_the_start)


ministack.app = app
ministack.main()
