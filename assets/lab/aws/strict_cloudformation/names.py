"""Names are unique: a resource whose name is taken is refused, where ministack 1.5.33 would overwrite what is there."""
import uuid

from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import cloudwatch_logs, ecr, iam, lambda_svc, secretsmanager, sns, stepfunctions
from ministack.services.cloudformation import provisioners

from .patching import wrap

LOG_GROUP = "AWS::Logs::LogGroup"


def _state_machine(name):
    return f"arn:aws:states:{get_region()}:{get_account_id()}:stateMachine:{name}"


def _topic(name):
    return f"arn:aws:sns:{get_region()}:{get_account_id()}:{name}"


# By resource type: the property that names it, and whether that name is taken.
NAMED = {
    LOG_GROUP: ("LogGroupName", lambda name: name in cloudwatch_logs._log_groups),
    "AWS::IAM::Role": ("RoleName", lambda name: name in iam._roles),
    "AWS::Lambda::Function": ("FunctionName", lambda name: name in lambda_svc._functions),
    "AWS::ECR::Repository": ("RepositoryName", lambda name: name in ecr._repositories),
    "AWS::StepFunctions::StateMachine": (
        "StateMachineName",
        lambda name: _state_machine(name) in stepfunctions._state_machines,
    ),
    "AWS::SNS::Topic": ("TopicName", lambda name: _topic(name) in sns._topics),
}

# https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html: the code.
ALREADY_EXISTS = (
    "Resource handler returned message: \"Resource of type '{type}' with identifier '{name}' already exists.\" "
    "(RequestToken: {token}, HandlerErrorCode: AlreadyExists)"
)
# Secrets Manager's words, as reported in aws-controllers-k8s/community#2969.
SCHEDULED = "You can't create this secret because a secret with this name is already scheduled for deletion."


def _refuse_taken(resource_type):
    property_name, is_taken = NAMED[resource_type]

    def make(create):
        def refuse_or_create(logical_id, props, stack_name):
            name = props.get(property_name)
            if name and is_taken(name):
                raise ValueError(ALREADY_EXISTS.format(type=resource_type, name=name, token=uuid.uuid4()))
            return create(logical_id, props, stack_name)

        return refuse_or_create

    return make


def _generated_log_group(create):
    """A group without a name is `STACK-LOGICALID-RANDOM` on AWS; ministack would take the same name each time, also
    one that `Retain` has kept."""

    def create_with_name(logical_id, props, stack_name):
        if props.get("LogGroupName"):
            return create(logical_id, props, stack_name)
        name = f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:12]}"
        return create(logical_id, {**props, "LogGroupName": name}, stack_name)

    return create_with_name


def _keep_generated_name(update):
    def update_under_its_name(physical_id, old_props, new_props, stack_name, logical_id=None):
        if not (old_props.get("LogGroupName") or new_props.get("LogGroupName")):
            old_props, new_props = ({**props, "LogGroupName": physical_id} for props in (old_props, new_props))
        return update(physical_id, old_props, new_props, stack_name, logical_id)

    return update_under_its_name


def _refuse_scheduled(create_secret):
    def refuse_or_create(data):
        existing = secretsmanager._secrets.get(data.get("Name"))
        if existing and existing.get("DeletedDate"):
            return error_response_json("InvalidRequestException", SCHEDULED, 400)
        return create_secret(data)

    return refuse_or_create


def install():
    handlers = provisioners._RESOURCE_HANDLERS
    for resource_type in NAMED:
        # Without a handler of its own an update would come to `create`, and be refused for its own name.
        if "update" not in handlers[resource_type]:
            raise RuntimeError(f"ministack updates {resource_type} by creating it: is it another version than 1.5.33?")
        wrap(handlers[resource_type], "create", _refuse_taken(resource_type))
    # A group that changes its name is created by this function itself.
    wrap(provisioners, "_cwlogs_create", _refuse_taken(LOG_GROUP))
    wrap(handlers[LOG_GROUP], "create", _generated_log_group)
    wrap(handlers[LOG_GROUP], "update", _keep_generated_name)
    wrap(secretsmanager, "_create_secret", _refuse_scheduled)
