"""A stack's status decides which operations CloudFormation takes.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html lists the states.
"""
import asyncio

from ministack.services.cloudformation import changesets, handlers

from .parallel import DELETE_ASKED
from .patching import wrap

POLL_SECONDS = 0.02
_waiting = set()

# From here an update may begin; the last two only after an operation without rollback.
UPDATABLE = (
    "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE",
    "CREATE_FAILED", "UPDATE_FAILED",
)  # fmt: skip


def _not_updatable(stack):
    message = f"Stack:{stack['StackId']} is in {stack['StackStatus']} state and can not be updated."
    return handlers._error("ValidationError", message)


def _existing(params):
    """The stack of a request that may still be operated on, or None."""
    stack = handlers._resolve_stack(handlers._p(params, "StackName"))
    return stack if stack and stack.get("StackStatus") != "DELETE_COMPLETE" else None


def _check_change_set(create_change_set):
    def refuse_or_create(params):
        stack = _existing(params)
        kind = handlers._p(params, "ChangeSetType", "UPDATE")
        if stack and kind == "UPDATE" and stack["StackStatus"] not in UPDATABLE:
            return _not_updatable(stack)
        if stack and kind == "CREATE" and stack["StackStatus"] != "REVIEW_IN_PROGRESS":
            name = handlers._p(params, "ChangeSetName")
            message = f"Stack [{stack['StackName']}] already exists and cannot be created again with the changeSet [{name}]."
            return handlers._error("AlreadyExistsException", message)
        reply = create_change_set(params)
        if reply[0] == 200:
            _take_outputs_for_a_change(params)
        return reply

    return refuse_or_create


def _take_outputs_for_a_change(params):
    """A change set that changes only outputs can be executed on AWS; ministack compares the resources alone."""
    _, change_set = changesets._find_change_set(
        handlers._p(params, "ChangeSetName"), handlers._p(params, "StackName")
    )
    stack = _existing(params)
    if not change_set or not stack or change_set["ChangeSetType"] != "UPDATE" or change_set["Status"] != "FAILED":
        return
    if change_set["_template"].get("Outputs", {}) != stack.get("_template", {}).get("Outputs", {}):
        change_set.update(Status="CREATE_COMPLETE", ExecutionStatus="AVAILABLE", StatusReason="")


def _check_execution(execute_change_set):
    def refuse_or_execute(params):
        _, change_set = changesets._find_change_set(
            handlers._p(params, "ChangeSetName"), handlers._p(params, "StackName")
        )
        stack = change_set and handlers._resolve_stack(change_set["StackName"])
        if stack and change_set["ChangeSetType"] == "UPDATE" and stack["StackStatus"] not in UPDATABLE:
            return _not_updatable(stack)
        return execute_change_set(params)

    return refuse_or_execute


def _check_creation(create_stack):
    def refuse_or_create(params):
        stack = _existing(params)
        if stack:
            return handlers._error("AlreadyExistsException", f"Stack [{stack['StackName']}] already exists")
        return create_stack(params)

    return refuse_or_create


def _check_deletion(delete_stack):
    def refuse_or_delete(params):
        stack = _existing(params)
        status = stack["StackStatus"] if stack else ""
        if status.startswith("UPDATE") and status.endswith("_IN_PROGRESS"):
            message = f"Stack [{stack['StackId']}] cannot be deleted while in status {status}"
            return handlers._error("ValidationError", message)
        if status == "DELETE_IN_PROGRESS":
            return handlers._xml(200, "DeleteStackResponse", "")
        if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
            task = asyncio.get_running_loop().create_task(_delete_afterwards(delete_stack, params, stack))
            if status == "CREATE_IN_PROGRESS":
                stack[DELETE_ASKED] = True
            # Held here, or it might be collected before it runs.
            _waiting.add(task)
            task.add_done_callback(_waiting.discard)
            return handlers._xml(200, "DeleteStackResponse", "")
        return delete_stack(params)

    return refuse_or_delete


async def _delete_afterwards(delete_stack, params, stack):
    """What is under way comes to its end first; a creation begins nothing more."""
    while stack["StackStatus"].endswith("_IN_PROGRESS"):
        await asyncio.sleep(POLL_SECONDS)
    delete_stack(params)


def install():
    actions = handlers._ACTION_HANDLERS
    wrap(actions, "CreateChangeSet", _check_change_set)
    wrap(actions, "ExecuteChangeSet", _check_execution)
    wrap(actions, "CreateStack", _check_creation)
    wrap(actions, "DeleteStack", _check_deletion)
