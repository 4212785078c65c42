"""CloudFormation of ministack in this process: no server, no network. Needs ministack 1.5.33; see scripts/test-emulator."""
import asyncio
import json
import pathlib
import sys
import unittest
from unittest import mock

REPOSITORY = pathlib.Path(__file__).resolve().parents[5]
sys.path.insert(0, str(REPOSITORY / "assets/lab/aws"))

import strict_cloudformation  # noqa: E402
from ministack.services import cloudformation, cloudwatch_logs, lambda_svc, secretsmanager  # noqa: E402
from ministack.services.cloudformation import custom_resource, handlers  # noqa: E402
from strict_cloudformation.custom_resources import accepted_answer  # noqa: E402

DEADLINE_SECONDS = 10


def log_group(name=None, **attributes):
    properties = {"LogGroupName": name} if name else {}
    return {"Type": "AWS::Logs::LogGroup", "Properties": properties, **attributes}


def custom(depends_on=(), **properties):
    return {
        "Type": "Custom::Thing",
        "Properties": {"ServiceToken": "provider", **properties},
        "DependsOn": list(depends_on),
    }


def template(resources, outputs=None):
    return {"Resources": resources, "Outputs": outputs or {}}


class Provider:
    """The function behind every custom resource of a test; remembers its events and answers as it is told."""

    def __init__(self):
        self.events = []
        self.answer = lambda event: {"Status": "SUCCESS", "PhysicalResourceId": event["LogicalResourceId"]}

    def __call__(self, _record, event):
        self.events.append(event)
        answer = self.answer(event)
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        token = event["ResponseURL"].rsplit("/", 1)[1]
        custom_resource.deliver_response(token, accepted_answer(body))

    def calls(self):
        return [(event["RequestType"], event["LogicalResourceId"]) for event in self.events]


class StrictCase(unittest.IsolatedAsyncioTestCase):
    """Each test runs its steps on ministack alone, or with the rules after `self.install()`."""

    def setUp(self):
        self.reset()
        self.addCleanup(strict_cloudformation.uninstall)
        self.provider = Provider()
        for name, fake in (
            ("_get_func_record_for_ref", lambda token: ({}, {}, token)),
            ("_execution_record_for_config", lambda record, config: record),
            ("_execute_function_with_config_scope", self.provider),
        ):
            patch = mock.patch.object(lambda_svc, name, fake)
            patch.start()
            self.addCleanup(patch.stop)

    def reset(self):
        cloudformation.reset()
        cloudwatch_logs._log_groups.clear()
        secretsmanager._secrets.clear()

    def install(self):
        """Begins anew, with the rules."""
        self.reset()
        self.provider.events.clear()
        strict_cloudformation.install()

    def call(self, action, **params):
        """Status code and text of CloudFormation's answer."""
        form = {name: [value] for name, value in params.items()}
        status, _, body = handlers._ACTION_HANDLERS[action](form)
        return status, body.decode() if isinstance(body, bytes) else body

    async def settle(self, name):
        """The stack's status once nothing is under way any more."""
        deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
        while True:
            await asyncio.sleep(0.005)
            stack = cloudformation._stacks[name]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return stack["StackStatus"]
            if asyncio.get_running_loop().time() > deadline:
                self.fail(f"{name} is still {stack['StackStatus']}; calls: {self.provider.calls()}")

    async def create(self, name, body, **params):
        self.assertEqual(self.call("CreateStack", StackName=name, TemplateBody=json.dumps(body), **params)[0], 200)
        return await self.settle(name)

    async def update(self, name, body, **params):
        reply = self.call("UpdateStack", StackName=name, TemplateBody=json.dumps(body), **params)
        self.assertEqual(reply[0], 200, reply[1])
        return await self.settle(name)

    async def delete(self, name):
        self.assertEqual(self.call("DeleteStack", StackName=name)[0], 200)
        return await self.settle(name)

    def events(self, name):
        stack_id = cloudformation._stacks[name]["StackId"]
        return [
            (event["LogicalResourceId"], event["ResourceStatus"], event["ResourceStatusReason"])
            for event in cloudformation._stack_events[stack_id]
        ]

    def reasons(self, name):
        return " ".join(reason for _, _, reason in self.events(name))
