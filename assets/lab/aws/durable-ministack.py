#!/opt/ministack/bin/python
"""Starts ministack so that its state survives a kill as well, functions act under their own roles, alarms watch their
own metrics, and its CloudFormation keeps the rules of AWS.

By itself, ministack 1.5.33 writes the objects of S3 at once and everything else only when it is told to stop. After a
kill there would be buckets without the stacks that own them, and every deployment would fail on that.
"""
import asyncio
import copy
import logging
import os

import function_logs
import function_roles
import metric_alarms
import strict_cloudformation
from ministack import app as ministack
from ministack.core.persistence import STATE_DIR, save_all

SAVE_INTERVAL_SECONDS = 5
# The registry's images are hundreds of MB, a second to write: they wait until a push is over. A push that is cut off is
# repeated; a repository that is missing would not be made again.
REGISTRY = "ecr"
IMAGES = {"images", "layer_blobs", "manifest_blobs"}

serve = strict_cloudformation.checked_responses(ministack.app)
seen = {}
saved = {}


def content(state):
    """A copy that can be compared: ministack's dictionaries of accounts equal nothing but themselves."""
    return {name: copy.deepcopy(getattr(part, "_data", part)) for name, part in (state or {}).items()}


def without_images(state):
    return {name: part for name, part in (state or {}).items() if name not in IMAGES}


def is_being_pushed(now, before, last_saved):
    return now != before and without_images(now) == without_images(last_saved)


def each_service(act):
    """Threads of ministack may change a state while it is copied: that service's turn comes again, the others go on."""
    for name, get_state in ministack._build_persistence_save_dict().items():
        try:
            act(name, get_state())
        except Exception:
            logging.exception("the state of %s is not saved; what was saved before stays", name)


def note_saved(name, state):
    saved[name] = content(state)


def save_change(name, state):
    now = content(state)
    before, seen[name] = seen.get(name), now
    if now == saved.get(name) or (name == REGISTRY and is_being_pushed(now, before, saved.get(name))):
        return
    # ministack replaces the file when the new one is complete. A failure it only logs, so it is tried again.
    file = os.path.join(STATE_DIR, f"{name}.json")
    inode = os.stat(file).st_ino if os.path.exists(file) else None
    save_all({name: lambda: state})
    if os.path.exists(file) and os.stat(file).st_ino != inode:
        saved[name] = now


async def save_while_running():
    while True:
        await asyncio.sleep(SAVE_INTERVAL_SECONDS)
        each_service(save_change)


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
            each_service(note_saved)
            saver = asyncio.create_task(save_while_running())

    await serve(scope, receive_and_see_the_stop, send_and_see_the_start)


function_logs.install()
function_roles.install()
metric_alarms.install()
strict_cloudformation.install()
ministack.app = app
ministack.main()
