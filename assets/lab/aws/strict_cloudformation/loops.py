"""Replaces a loop of one of ministack's functions: its body becomes a function of its own, which other code calls for
each logical id. Everything around it stays ministack's."""
import ast
import hashlib
import inspect
import typing


class Loop(typing.NamedTuple):
    # What the loop goes through, as `ast.unparse` writes it.
    items: str
    # Variables of the function around it that the body assigns.
    results: tuple[str, ...]
    # Stands in the place of the loop; `lab_each` is the coroutine function that the body has become.
    call: str


class _BodyOfLoop(ast.NodeTransformer):
    """`break` and `continue` of the loop itself end the function that its body becomes."""

    def visit_Break(self, node):
        return ast.copy_location(ast.Return(value=None), node)

    visit_Continue = visit_Break

    def visit_For(self, node):
        return node

    visit_While = visit_For


class _Replacement(ast.NodeTransformer):
    def __init__(self, loop):
        self.loop = loop
        self.count = 0

    def visit_For(self, node):
        if ast.unparse(node.iter) != self.loop.items:
            return self.generic_visit(node)
        self.count += 1
        nonlocals = f"    nonlocal {', '.join(self.loop.results)}\n" if self.loop.results else ""
        each, *call = ast.parse(f"async def lab_each(logical_id):\n{nonlocals}    pass\n{self.loop.call}\n").body
        each.body[-1:] = [_BodyOfLoop().visit(statement) for statement in node.body]
        return [each, *call]


def replace_loops(function, known_text, loops):
    """The function with its loops replaced. `known_text` is the SHA-256 of its source: another text needs another look."""
    text = inspect.getsource(function)
    name = function.__name__
    if hashlib.sha256(text.encode()).hexdigest() != known_text:
        raise RuntimeError(f"{name} of ministack is not that of 1.5.33: look whether its loops are the same")
    tree = ast.parse(text)
    for loop in loops:
        replacement = _Replacement(loop)
        replacement.visit(tree)
        if replacement.count != 1:
            raise RuntimeError(f"{name} of ministack has {replacement.count} loops over `{loop.items}`, expected one")
    made = {}
    module = inspect.getmodule(function)
    # With the module's own globals, so that the other rules' replacements hold here as well.
    exec(compile(ast.fix_missing_locations(tree), module.__file__, "exec"), vars(module), made)
    return made[name]
