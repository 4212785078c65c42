"""CloudFormation's rules that ministack 1.5.33 does not keep, put around its functions at its start."""
from . import cleanup, custom_resources, exports, names, order, parallel, patching, states
from .custom_resources import checked_responses

__all__ = ["checked_responses", "install", "uninstall"]


def install():
    """Once, before ministack serves. An AttributeError or KeyError says that it is another version of ministack."""
    # What rewrites ministack's own text goes first. The check of exports goes before the cleanup, which is installed around it.
    for rules in (parallel, names, custom_resources, exports, cleanup, states, order):
        rules.install()


def uninstall():
    patching.restore()
