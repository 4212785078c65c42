import asyncio
import json
import threading
import unittest

from ministack.services import cloudformation
from support import StrictCase, custom, log_group, template


class States(StrictCase):
    async def failed_creation(self):
        self.provider.answer = lambda event: {
            "Status": "FAILED" if event["RequestType"] == "Create" else "SUCCESS",
            "PhysicalResourceId": "x",
        }
        return await self.create("one", template({"Thing": custom()}))

    def hold_answers(self):
        """Lets every resource be under way until the event that it answers is set, for 2 s at most."""
        asked = threading.Event()

        def answer(event):
            asked.wait(2)
            return {"Status": "SUCCESS", "PhysicalResourceId": event["LogicalResourceId"]}

        self.provider.answer = answer
        return asked

    def change_set(self, kind, body, name="next"):
        return self.call(
            "CreateChangeSet", StackName="one", ChangeSetName=name, ChangeSetType=kind, TemplateBody=json.dumps(body)
        )

    async def test_a_stack_whose_creation_was_rolled_back_can_only_be_deleted(self):
        body = template({"Group": log_group()})
        await self.failed_creation()
        self.assertEqual(self.change_set("UPDATE", body)[0], 200, "ministack alone")
        self.install()
        self.assertEqual(await self.failed_creation(), "ROLLBACK_COMPLETE")
        status, text = self.change_set("UPDATE", body)
        self.assertEqual(status, 400)
        self.assertIn("is in ROLLBACK_COMPLETE state and can not be updated.", text)
        self.assertIn("AlreadyExistsException", self.change_set("CREATE", body)[1])
        creation = self.call("CreateStack", StackName="one", TemplateBody=json.dumps(body))
        self.assertIn("AlreadyExistsException", creation[1])
        self.assertEqual(await self.delete("one"), "DELETE_COMPLETE")
        self.assertEqual(await self.create("one", body), "CREATE_COMPLETE")

    async def test_these_states_take_no_update(self):
        self.install()
        body = template({"Group": log_group()})
        await self.create("one", body)
        changed = template({"Group": log_group("/other")})
        for status in (
            "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS",
            "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS",
        ):  # fmt: skip
            cloudformation._stacks["one"]["StackStatus"] = status
            self.assertIn("can not be updated", self.change_set("UPDATE", changed)[1], status)
            reply = self.call("UpdateStack", StackName="one", TemplateBody=json.dumps(changed))
            self.assertEqual(reply[0], 400, status)
        cloudformation._stacks["one"]["StackStatus"] = "UPDATE_ROLLBACK_COMPLETE"
        self.assertEqual(self.change_set("UPDATE", changed)[0], 200)

    async def test_a_change_set_is_not_executed_in_a_state_that_takes_no_update(self):
        self.install()
        await self.create("one", template({"Group": log_group()}))
        self.change_set("UPDATE", template({"Group": log_group("/other")}))
        cloudformation._stacks["one"]["StackStatus"] = "UPDATE_ROLLBACK_FAILED"
        status, text = self.call("ExecuteChangeSet", StackName="one", ChangeSetName="next")
        self.assertEqual((status, "can not be updated" in text), (400, True))

    async def test_an_update_that_runs_cannot_be_deleted(self):
        self.install()
        await self.create("one", template({"Group": log_group()}))
        cloudformation._stacks["one"]["StackStatus"] = "UPDATE_IN_PROGRESS"
        status, text = self.call("DeleteStack", StackName="one")
        self.assertEqual((status, "cannot be deleted while in status" in text), (400, True))

    async def test_a_creation_that_is_to_be_deleted_begins_nothing_more(self):
        self.install()
        asked = self.hold_answers()
        body = template({"First": custom(), "Second": custom(["First"])})
        self.call("CreateStack", StackName="one", TemplateBody=json.dumps(body))
        await asyncio.sleep(0.05)
        self.assertEqual(self.call("DeleteStack", StackName="one")[0], 200)
        asked.set()
        async with asyncio.timeout(10):
            while cloudformation._stacks["one"]["StackStatus"] != "DELETE_COMPLETE":
                await asyncio.sleep(0.005)
        self.assertEqual(self.provider.calls(), [("Create", "First"), ("Delete", "First")])
        self.assertEqual(await self.create("one", body), "CREATE_COMPLETE")

    async def test_a_creation_that_runs_is_deleted_afterwards_once(self):
        self.install()
        asked = self.hold_answers()
        self.call("CreateStack", StackName="one", TemplateBody=json.dumps(template({"Thing": custom()})))
        await asyncio.sleep(0.05)
        self.assertEqual(self.call("DeleteStack", StackName="one")[0], 200)
        asked.set()
        while cloudformation._stacks["one"]["StackStatus"] != "DELETE_IN_PROGRESS":
            await asyncio.sleep(0)
        self.assertEqual(self.call("DeleteStack", StackName="one")[0], 200)
        self.assertEqual(await self.settle("one"), "DELETE_COMPLETE")
        self.assertEqual(self.provider.calls(), [("Create", "Thing"), ("Delete", "Thing")])

    async def test_outputs_alone_are_a_change(self):
        def with_output(value):
            return template({"Group": log_group()}, {"A": {"Value": value}})

        async def change():
            await self.create("one", with_output("1"))
            self.change_set("UPDATE", with_output("2"))
            return next(iter(cloudformation._change_sets.values()))["Status"]

        self.assertEqual(await change(), "FAILED", "ministack alone")
        self.install()
        self.assertEqual(await change(), "CREATE_COMPLETE")
        self.assertEqual(self.call("ExecuteChangeSet", StackName="one", ChangeSetName="next")[0], 200)
        self.assertEqual(await self.settle("one"), "UPDATE_COMPLETE")
        self.assertEqual(cloudformation._stacks["one"]["Outputs"][0]["OutputValue"], "2")
        self.change_set("UPDATE", with_output("2"), "same")
        statuses = [change_set["Status"] for change_set in cloudformation._change_sets.values()]
        self.assertEqual(statuses[-1], "FAILED", "the same again is no change")


if __name__ == "__main__":
    unittest.main()
