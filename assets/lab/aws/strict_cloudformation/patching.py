"""Replaces functions of ministack while it runs: the package on disk stays as it is."""

_replaced = []


def wrap(owner, name, make):
    """Puts `make(original)` in the place of an attribute, or of a dictionary's entry. Fails where there is none."""
    if isinstance(owner, dict):
        original = owner[name]
        owner[name] = make(original)
    else:
        original = getattr(owner, name)
        setattr(owner, name, make(original))
    _replaced.append((owner, name, original))


def restore():
    """Undoes every replacement, the last one first; the tests compare ministack with and without the rules."""
    while _replaced:
        owner, name, original = _replaced.pop()
        if isinstance(owner, dict):
            owner[name] = original
        else:
            setattr(owner, name, original)
