"""Exports: unique in a region, and neither changed nor removed while another stack imports them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-importvalue.html
"""
from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, stacks

from .patching import wrap

# A stack in one of these has no resources, so it imports nothing.
IMPORTS_NOTHING = ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE")


def users_of(export_name, exporting_stack):
    """Names of the other stacks that import it."""
    return sorted(
        name
        for name, stack in cloudformation._stacks.items()
        if name != exporting_stack
        and stack.get("StackStatus") not in IMPORTS_NOTHING
        and export_name in handlers._imported_export_names(stack, name)
    )


def _refuse_taken(exports, stack_id):
    for name in exports:
        holder = cloudformation._exports.get(name)
        if holder and holder["StackId"] != stack_id:
            holding_stack = holder["StackId"].split("/")[1]
            raise ValueError(f"Export with name {name} is already exported by stack {holding_stack}.")


def _refuse_in_use(exports, previous, stack_name):
    """The messages are CloudFormation's, as reported in linz/geostore#630 and anomalyco/sst#1256."""
    for name, export in previous.items():
        if name in exports and exports[name]["Value"] == export["Value"]:
            continue
        users = users_of(name, stack_name)
        if users:
            change = "updated" if name in exports else "deleted"
            raise ValueError(f"Export {name} cannot be {change} as it is in use by {', '.join(users)}")


def _check_exports(resolve_outputs):
    """ministack resolves the outputs once every resource is there; an error from here rolls the stack back."""

    def resolve(outputs, conditions, resources, parameters, mappings, stack_name, stack_id):
        resolved, exports = resolve_outputs(
            outputs, conditions, resources, parameters, mappings, stack_name, stack_id
        )
        previous = {name: e for name, e in cloudformation._exports.items() if e["StackId"] == stack_id}
        _refuse_taken(exports, stack_id)
        _refuse_in_use(exports, previous, stack_name)
        # ministack only ever adds to its exports.
        for name in previous.keys() - exports.keys():
            del cloudformation._exports[name]
        return resolved, exports

    return resolve


def _cancel_delete(delete_stack):
    """CloudFormation accepts the call and cancels the deletion: the stack keeps the status that it had
    (USSBA/aws-cft-tools#27, rlister/stax#40; the words: aws-samples/iam-identity-center-team#474)."""

    def cancel_or_delete(params):
        stack = handlers._resolve_stack(handlers._p(params, "StackName"))
        if not stack or stack.get("StackStatus") == "DELETE_COMPLETE":
            return delete_stack(params)
        name, stack_id = stack["StackName"], stack["StackId"]
        for output in stack.get("Outputs", []):
            users = users_of(output["ExportName"], name) if output.get("ExportName") else []
            if users:
                reason = f"Delete canceled. Cannot delete export {output['ExportName']} as it is in use by {', '.join(users)}."
                for status, why in (("DELETE_IN_PROGRESS", "User Initiated"), (stack["StackStatus"], reason)):
                    stacks._add_event(
                        stack_id, name, name, "AWS::CloudFormation::Stack", status, why, physical_id=stack_id
                    )
                stack["StackStatusReason"] = reason
                return handlers._xml(200, "DeleteStackResponse", "")
        return delete_stack(params)

    return cancel_or_delete


def install():
    wrap(stacks, "_resolve_stack_outputs", _check_exports)
    wrap(handlers._ACTION_HANDLERS, "DeleteStack", _cancel_delete)
