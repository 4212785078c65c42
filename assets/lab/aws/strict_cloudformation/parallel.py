"""Resources that do not depend on each other are created and updated at the same time, as CloudFormation does.

ministack 1.5.33 goes through them one by one, in one loop of a long function. That loop's body becomes a function of its
own, which is called for every resource once those that it depends on are there; everything around it stays ministack's.
Deletions go on one by one.
"""
import ast
import asyncio
import hashlib
import inspect

from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, engine, handlers, stacks

from .order import generator
from .patching import wrap

# SHA-256 of the function's text: another text would need another look.
KNOWN_TEXT = "34c0aed718d8b61b5c8604d71b114494ee188c91616119045927c342114fbdb8"
# The loop's results, which are variables of the function around it.
RESULTS = ("failed", "fail_reason", "cancelled", "failed_update", "failed_logical_id")
# On AWS a role or an instance profile is complete some 15 s, or two minutes (hashicorp/terraform#15341), after it was made,
# when other services know it. Longer than the gateway takes to see the policies that stand in the role itself
# (lib/lab/gateway/authorization/policy-cache.ts).
# The second as the gateway has rewritten it.
WAITED_FOR = ("AWS::IAM::Role", "Custom::AWS-IAM-InstanceProfile")
ROLE_SECONDS = 3
# Of failures at the same time ministack remembers one; the others, by stack id: (logical id, its update or None).
other_failures = {}


async def in_parallel(stack_id, ordered, definitions, each, failure):
    """Runs `each` for every logical id; after a failure it begins nothing more and waits for what is under way.

    `failure()` answers whether the operation has failed, the logical id of the last failure, and its update."""
    names = set(ordered)
    waiting = {name: engine._extract_deps(definitions[name], names) - {name} for name in ordered}
    running, failures = {}, []

    # arn:aws:cloudformation:<region>:<account>:stack/<name>/<uuid>
    stack = cloudformation._stacks[stack_id.split("/")[1]]

    async def run(name):
        is_new = name not in stack.get("_resources", {})
        await each(name)
        # Nothing can come between this and the end of `each`.
        failed, logical_id, update = failure()
        if is_new and not failed and definitions[name].get("Type") in WAITED_FOR:
            await asyncio.sleep(ROLE_SECONDS)
        return [(name, update)] if failed and logical_id == name else []

    while True:
        ready = sorted(name for name, dependencies in waiting.items() if not dependencies)
        generator.shuffle(ready)
        for name in ready if not failure()[0] else []:
            del waiting[name]
            running[asyncio.create_task(run(name))] = name
        if not running:
            break
        finished, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in finished:
            name = running.pop(task)
            failures += task.result()
            for dependencies in waiting.values():
                dependencies.discard(name)
    remembered = failure()[1]
    other_failures[stack_id] = [(name, update) for name, update in failures if name != remembered]


class _BodyOfLoop(ast.NodeTransformer):
    """`break` and `continue` of the loop itself end the function that its body becomes."""

    def visit_Break(self, node):
        return ast.copy_location(ast.Return(value=None), node)

    visit_Continue = visit_Break

    def visit_For(self, node):
        return node

    visit_While = visit_For


def _loop_over_resources(function):
    for index, node in enumerate(function.body):
        if isinstance(node, ast.For) and ast.unparse(node.iter) == "ordered":
            return index, node
    raise RuntimeError("_deploy_stack_async of ministack has no loop over `ordered`")


def parallel_text(text):
    """The function's syntax tree with its loop replaced; `text` is its source."""
    tree = ast.parse(text)
    function = tree.body[0]
    index, loop = _loop_over_resources(function)
    body = [_BodyOfLoop().visit(node) for node in loop.body]
    each, call = ast.parse(
        "async def lab_each(logical_id):\n"
        f"    nonlocal {', '.join(RESULTS)}\n"
        "await lab_in_parallel(stack_id, ordered, resources_defs, lab_each,"
        " lambda: (failed, failed_logical_id, failed_update))\n",
        mode="exec",
        type_comments=False,
    ).body
    each.body += body
    function.body[index : index + 1] = [each, call]
    return ast.fix_missing_locations(tree)


def _in_parallel(deploy):
    text = inspect.getsource(deploy)
    if hashlib.sha256(text.encode()).hexdigest() != KNOWN_TEXT:
        raise RuntimeError("_deploy_stack_async of ministack is not that of 1.5.33: look whether its loop is the same")
    made = {}
    stacks.lab_in_parallel = in_parallel
    # With the module's own globals, so that the other rules' replacements hold here as well.
    exec(compile(parallel_text(text), stacks.__file__, "exec"), vars(stacks), made)
    return made["_deploy_stack_async"]


def _undo_other_failures(roll_back):
    """ministack sends the one update back that it remembers as failed; the others go the way of those that succeeded."""

    async def roll_back_all(stack_name, stack_id, stack, operation, *args, **kwargs):
        created = list(operation.get("created", []))
        for logical_id, update in other_failures.pop(stack_id, []):
            if update is None or update[3] is None or not stacks._sends_back_failed_update(update[1]):
                continue
            _, resource_type, physical_id, applied, _, attributes = update
            stack["_resources"][logical_id] = {
                "PhysicalResourceId": physical_id,
                "ResourceType": resource_type,
                "ResourceStatus": "UPDATE_FAILED",
                "LogicalResourceId": logical_id,
                "Properties": applied,
                "Attributes": attributes,
            }
            created.append(logical_id)
        return await roll_back(stack_name, stack_id, stack, {**operation, "created": created}, *args, **kwargs)

    return roll_back_all


def install():
    deploy = _in_parallel(stacks._deploy_stack_async)
    for module in (stacks, handlers, changesets):
        wrap(module, "_deploy_stack_async", lambda _: deploy)
    for module in (stacks, handlers):
        wrap(module, "_roll_back_operation", _undo_other_failures)
