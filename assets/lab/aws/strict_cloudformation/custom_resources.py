"""Custom resources: CloudFormation takes 4,096 bytes of answer, and deletes also what failed to be created.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html
"""
import contextvars
import json
import uuid

from ministack.services.cloudformation import custom_resource, handlers, stacks

from .patching import wrap

MAX_RESPONSE_BYTES = 4096
RESPONSE_PATH = "/_ministack/cfn-response/"
# Failed creations by stack id and logical id, until their deletion.
_FAILED_CREATIONS = {}
_current_call = contextvars.ContextVar("current custom resource call", default=None)
_calls_by_token = {}


def accepted_answer(body):
    """The answer as CloudFormation takes it, `body` being the bytes that were PUT to the ResponseURL."""
    if len(body) > MAX_RESPONSE_BYTES:
        # In these words: aws/aws-cdk#2825, #23958.
        return {"Status": "FAILED", "Reason": "Response object is too long."}
    try:
        answer = json.loads(body)
    except ValueError:
        return {"Status": "FAILED", "Reason": "The lab: the response is not JSON."}
    if not isinstance(answer, dict) or answer.get("Status") not in ("SUCCESS", "FAILED"):
        return {"Status": "FAILED", "Reason": "The lab: Status of the response is neither SUCCESS nor FAILED."}
    if answer["Status"] == "SUCCESS" and not answer.get("PhysicalResourceId"):
        return {"Status": "FAILED", "Reason": "Invalid PhysicalResourceId"}
    return answer


async def receive_whole(receive):
    """The body of a request; what comes after it is left to read."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body"):
            return body


def checked_responses(serve):
    """ministack's ASGI application, with the answers of custom resources checked before it takes them."""

    async def app(scope, receive, send):
        if scope["type"] != "http" or not scope["path"].startswith(RESPONSE_PATH) or scope["method"] != "PUT":
            return await serve(scope, receive, send)
        body = json.dumps(accepted_answer(await receive_whole(receive))).encode()
        headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"content-length"]

        async def receive_checked():
            return {"type": "http.request", "body": body, "more_body": False}

        return await serve({**scope, "headers": headers}, receive_checked, send)

    return app


def _remember_token(register_token):
    def register(token):
        call = _current_call.get()
        if call is not None:
            _calls_by_token[token] = call
        return register_token(token)

    return register


def _remember_answer(deliver_response):
    def deliver(token, response):
        call = _calls_by_token.pop(token, None)
        if call is not None:
            call["answer"] = response
        return deliver_response(token, response)

    return deliver


def _remember_failed_creation(invoke):
    def invoke_and_remember(request_type, logical_id, props, stack_name, stack_id, resource_type, **more):
        call = {"answer": None}
        token = _current_call.set(call)
        try:
            return invoke(request_type, logical_id, props, stack_name, stack_id, resource_type, **more)
        except (RuntimeError, TimeoutError):
            if request_type == "Create":
                # Where it did not say, CloudFormation makes an id up.
                answered = (call["answer"] or {}).get("PhysicalResourceId")
                _FAILED_CREATIONS[stack_id, logical_id] = {
                    "PhysicalResourceId": answered or f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:12].upper()}",
                    "ResourceType": resource_type,
                    "ResourceStatus": "CREATE_FAILED",
                    "LogicalResourceId": logical_id,
                    "Properties": props,
                    "Attributes": {},
                }
            raise
        finally:
            _current_call.reset(token)

    return invoke_and_remember


def _delete_failed_creation(roll_back):
    """A provider may have made something before it failed: the rollback sends it a Delete (aws/aws-cdk#5525)."""

    async def roll_back_all(stack_name, stack_id, stack, operation, *args, **kwargs):
        failed = [key for key in _FAILED_CREATIONS if key[0] == stack_id]
        existed = (operation.get("previous_stack") or {}).get("_resources") or {}
        created = list(operation.get("created", []))
        for key in failed:
            record, logical_id = _FAILED_CREATIONS.pop(key), key[1]
            if logical_id not in existed:
                stack.setdefault("_resources", {})[logical_id] = record
                created.append(logical_id)
        return await roll_back(stack_name, stack_id, stack, {**operation, "created": created}, *args, **kwargs)

    return roll_back_all


def install():
    wrap(custom_resource, "register_token", _remember_token)
    wrap(custom_resource, "deliver_response", _remember_answer)
    wrap(custom_resource, "invoke_custom_resource", _remember_failed_creation)
    for module in (stacks, handlers):
        wrap(module, "_roll_back_operation", _delete_failed_creation)
