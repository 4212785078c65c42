"""Resources that do not depend on each other are created, updated and deleted at the same time, as CloudFormation does.

ministack 1.5.33 goes through them one by one, in loops of long functions. The loops' bodies become functions of their
own, called for every resource once those are done that must be done before it.
"""
import asyncio

from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, engine, handlers, stacks

from .loops import Loop, replace_loops
from .order import generator
from .patching import wrap

# On AWS a role or an instance profile is complete some 15 s, or two minutes (hashicorp/terraform#15341), after it was made,
# when other services know it. Longer than the gateway takes to see the policies that stand in the role itself
# (lib/lab/gateway/authorization/policy-cache.ts). The second as the gateway has rewritten it.
WAITED_FOR = ("AWS::IAM::Role", "Custom::AWS-IAM-InstanceProfile")
ROLE_SECONDS = 3
# A log group that is named after a function comes late: a function that is called meanwhile has made it by logging, and
# CloudFormation finds its name taken (aws/aws-cdk#32689). On AWS either may be first.
LOG_GROUP_SECONDS = 4
# In the record of a stack that is being created and is to be deleted.
DELETE_ASKED = "_lab_delete_asked"
# Of failures at the same time ministack remembers one; the others, by stack id: (logical id, its update or None).
other_failures = {}


async def run_all(before, each, may_begin=lambda: True):
    """Runs `each` for every key of `before` once all logical ids of its value are done, otherwise in any order of the seed.
    Once nothing more may begin it waits for what is under way."""
    waiting = {name: set(names) for name, names in before.items()}
    running = {}
    while True:
        ready = sorted(name for name, names in waiting.items() if not names)
        generator.shuffle(ready)
        for name in ready if may_begin() else []:
            del waiting[name]
            running[asyncio.create_task(each(name))] = name
        if not running:
            break
        finished, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in finished:
            name = running.pop(task)
            task.result()
            for names in waiting.values():
                names.discard(name)


async def deploy_all(stack_id, ordered, definitions, each, failure):
    """Creates and updates, what others depend on first; after a failure nothing more begins. Answers whether the stack is to
    be deleted, which ends its creation as well.

    `failure()` answers whether the operation has failed, the logical id of the last failure, and its update."""
    names = set(ordered)
    # arn:aws:cloudformation:<region>:<account>:stack/<name>/<uuid>
    stack = cloudformation._stacks[stack_id.split("/")[1]]
    failures = []

    async def run(name):
        is_new = name not in stack.get("_resources", {})
        if is_new and _is_of_a_function(definitions, name, before[name]):
            await asyncio.sleep(LOG_GROUP_SECONDS)
            # As run_all: what has failed meanwhile lets nothing more begin.
            if failure()[0] or DELETE_ASKED in stack:
                return
        await each(name)
        # Nothing can come between this and the end of `each`.
        failed, logical_id, update = failure()
        if failed and logical_id == name:
            failures.append((name, update))
        elif is_new and not failed and definitions[name].get("Type") in WAITED_FOR:
            await asyncio.sleep(ROLE_SECONDS)

    before = {name: engine._extract_deps(definitions[name], names) - {name} for name in ordered}
    await run_all(before, run, lambda: not failure()[0] and DELETE_ASKED not in stack)
    remembered = failure()[1]
    other_failures[stack_id] = [(name, update) for name, update in failures if name != remembered]
    return stack.pop(DELETE_ASKED, False)


def _is_of_a_function(definitions, name, dependencies):
    types = {definitions[each].get("Type") for each in dependencies}
    return definitions[name].get("Type") == "AWS::Logs::LogGroup" and "AWS::Lambda::Function" in types


async def delete_all(logical_ids, definitions, each):
    """Deletes, dependents first. What the template does not define any more has none."""
    names = set(logical_ids)
    before = {name: set() for name in names}
    for name in names & definitions.keys():
        for dependency in engine._extract_deps(definitions[name], names) - {name}:
            before[dependency].add(name)
    await run_all(before, each)


DEPLOY = (
    Loop(
        "ordered",
        ("failed", "fail_reason", "cancelled", "failed_update", "failed_logical_id"),
        "if await lab_deploy_all(stack_id, ordered, resources_defs, lab_each,"
        " lambda: (failed, failed_logical_id, failed_update)):\n"
        # Not rolled back: the deletion that follows removes what there is.
        "    failed = cancelled = disable_rollback = True\n"
        "    fail_reason = 'Delete requested'",
    ),
    # What an update has removed.
    Loop("reversed(removal_order)", (), "await lab_delete_all(removal_order, old_defs, lab_each)"),
)
DELETE = (Loop("reversed(ordered)", ("forced_retain",), "await lab_delete_all(ordered, res_defs, lab_each)"),)
# What a failed operation has made.
ROLL_BACK = (
    Loop(
        "reversed([lid for lid in to_delete if lid not in imports])",
        (),
        "await lab_delete_all([lid for lid in to_delete if lid not in imports], resources_defs, lab_each)",
    ),
)
REWRITTEN = {
    "_deploy_stack_async": ("34c0aed718d8b61b5c8604d71b114494ee188c91616119045927c342114fbdb8", DEPLOY),
    "_delete_stack_async": ("910363eef2d9f0265ccc6d56e0fcdd010ff1a8090fafd2dcca1d0b45ab89637f", DELETE),
    "_roll_back_operation": ("3464033d8f285fe36d6a0aa936dc91dd32e7936dda0d12217c31651afed0d607", ROLL_BACK),
}


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
    stacks.lab_deploy_all, stacks.lab_delete_all = deploy_all, delete_all
    for name, (known_text, loops) in REWRITTEN.items():
        rewritten = replace_loops(getattr(stacks, name), known_text, loops)
        for module in (stacks, handlers, changesets):
            if hasattr(module, name):
                wrap(module, name, lambda _, made=rewritten: made)
    for module in (stacks, handlers):
        wrap(module, "_roll_back_operation", _undo_other_failures)
