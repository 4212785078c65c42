"""The end of an update: what it replaced or removed goes in a phase of its own, after everything else, and says so.

ministack 1.5.33 keeps the order (created first, deleted afterwards, dependents before what they depend on), but calls
the phase UPDATE_IN_PROGRESS and records nothing of what it deletes.
"""
from ministack.services import cloudformation
from ministack.services.cloudformation import stacks

from .patching import wrap

CLEANUP = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
# https://repost.aws/knowledge-center/cloudformation-stack-cleanup-stuck
ATTEMPTS = 3


def _begin_cleanup(resolve_outputs):
    """To be installed over the check of exports: once the outputs are there nothing can fail the update any more."""

    def resolve(outputs, conditions, resources, parameters, mappings, stack_name, stack_id):
        resolved = resolve_outputs(outputs, conditions, resources, parameters, mappings, stack_name, stack_id)
        stack = cloudformation._stacks[stack_name]
        if stack["StackStatus"] == "UPDATE_IN_PROGRESS":
            stack["StackStatus"] = CLEANUP
            stacks._add_event(
                stack_id, stack_name, stack_name, "AWS::CloudFormation::Stack", CLEANUP, physical_id=stack_id
            )
        return resolved

    return resolve


def _record_deletion(delete_resource):
    def delete(resource_type, physical_id, props, stack_name=None, logical_id=None):
        stack = cloudformation._stacks.get(stack_name)
        if not stack or stack["StackStatus"] != CLEANUP:
            return delete_resource(resource_type, physical_id, props, stack_name, logical_id)
        event = (stack["StackId"], stack_name, logical_id, resource_type)
        for attempt in range(1, ATTEMPTS + 1):
            stacks._add_event(*event, "DELETE_IN_PROGRESS", physical_id=physical_id)
            try:
                result = delete_resource(resource_type, physical_id, props, stack_name, logical_id)
            except Exception as error:
                # Of the last failure ministack says so.
                if attempt == ATTEMPTS:
                    raise
                stacks._add_event(*event, "DELETE_FAILED", str(error), physical_id)
            else:
                stacks._add_event(*event, "DELETE_COMPLETE", physical_id=physical_id)
                return result

    return delete


def install():
    wrap(stacks, "_resolve_stack_outputs", _begin_cleanup)
    wrap(stacks, "_delete_resource", _record_deletion)
