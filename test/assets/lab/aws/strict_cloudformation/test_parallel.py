import threading
import time
import unittest
from unittest import mock

from ministack.services import cloudwatch_logs, lambda_svc

from support import Provider, StrictCase, custom, log_group, template
from strict_cloudformation import order, parallel

MEETING_SECONDS = 2


class Parallel(StrictCase):
    async def meet(self):
        """Each of two resources answers only once the other is there too."""
        barrier = threading.Barrier(2)

        def answer(event):
            barrier.wait(MEETING_SECONDS)
            return {"Status": "SUCCESS", "PhysicalResourceId": event["LogicalResourceId"]}

        self.provider.answer = answer
        return await self.create("one", template({"A": custom(ServiceTimeout=1), "B": custom(ServiceTimeout=1)}))

    async def test_what_does_not_depend_on_each_other_runs_at_the_same_time(self):
        self.assertEqual(await self.meet(), "ROLLBACK_COMPLETE", "ministack alone goes one by one")
        self.install()
        self.assertEqual(await self.meet(), "CREATE_COMPLETE")

    async def test_what_depends_waits(self):
        self.install()
        resources = {"A": custom(), "B": custom(["A"]), "C": custom(["A"]), "D": custom(["B", "C"])}
        self.assertEqual(await self.create("one", template(resources)), "CREATE_COMPLETE")
        order = [logical_id for _, logical_id in self.provider.calls()]
        self.assertEqual((order[0], sorted(order[1:3]), order[3]), ("A", ["B", "C"], "D"))

    async def test_what_depends_on_a_role_waits_until_other_services_know_it_and_only_when_it_is_new(self):
        trust = {"Statement": {"Effect": "Allow", "Principal": {"Service": "x"}, "Action": "sts:AssumeRole"}}
        role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}
        self.install()
        with mock.patch.object(parallel, "ROLE_SECONDS", 0.3):
            begun = time.monotonic()
            body = template({"Role": role, "User": custom(["Role"], Version="1")})
            capabilities = {"Capabilities.member.1": "CAPABILITY_IAM"}
            self.assertEqual(await self.create("one", body, **capabilities), "CREATE_COMPLETE")
            self.assertGreater(time.monotonic() - begun, 0.3)
            begun = time.monotonic()
            body = template({"Role": role, "User": custom(["Role"], Version="2")})
            self.assertEqual(await self.update("one", body, **capabilities), "UPDATE_COMPLETE")
            self.assertLess(time.monotonic() - begun, 0.3)

    async def test_a_function_that_is_called_logs_before_its_log_group_is_made(self):
        function = {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "called",
                "Runtime": "nodejs22.x",
                "Handler": "index.handler",
                "Role": "arn:aws:iam::000000000000:role/called",
                "Code": {"ZipFile": "exports.handler = async () => {}"},
            },
        }
        group = {"LogGroupName": {"Fn::Sub": "/aws/lambda/${Function}"}}
        resources = {
            "Function": function,
            "Group": {"Type": "AWS::Logs::LogGroup", "Properties": group},
            "User": custom(["Function"]),
        }

        def answer(event):
            time.sleep(0.1)
            cloudwatch_logs._log_groups.setdefault("/aws/lambda/called", {})
            return {"Status": "SUCCESS", "PhysicalResourceId": event["LogicalResourceId"]}

        self.provider.answer = answer
        self.assertEqual(await self.create("one", template(resources)), "CREATE_COMPLETE", "the group comes first")
        del lambda_svc._functions["called"]
        self.addCleanup(lambda_svc._functions.clear)
        self.install()
        with mock.patch.object(parallel, "LOG_GROUP_SECONDS", 0.3):
            self.assertEqual(await self.create("one", template(resources)), "ROLLBACK_COMPLETE")
        self.assertIn("/aws/lambda/called' already exists", self.reasons("one"))

    def meet_in(self, request_type, count=2, answers=None):
        """From now on so many requests of the type are answered only once all of them are there."""
        barrier = threading.Barrier(count)

        def answer(event):
            if event["RequestType"] == request_type:
                barrier.wait(MEETING_SECONDS)
            status = (answers or {}).get((event["RequestType"], event["LogicalResourceId"]), "SUCCESS")
            return {"Status": status, "PhysicalResourceId": event["LogicalResourceId"]}

        self.provider.events.clear()
        self.provider.answer = answer

    async def delete_pair(self):
        await self.create("one", template({"A": custom(ServiceTimeout=1), "B": custom(ServiceTimeout=1)}))
        self.meet_in("Delete")
        return await self.delete("one")

    async def test_what_does_not_depend_on_each_other_is_deleted_at_the_same_time(self):
        self.assertEqual(await self.delete_pair(), "DELETE_FAILED", "ministack alone goes one by one")
        self.provider.answer = Provider().answer
        self.install()
        self.assertEqual(await self.delete_pair(), "DELETE_COMPLETE")

    async def test_dependents_are_deleted_first_and_otherwise_in_any_order_of_the_seed(self):
        self.install()
        orders = set()
        for seed in range(8):
            resources = {"A": custom(), "B": custom(["A"]), "C": custom(["A"]), "D": custom(["B", "C"]), "E": custom()}
            await self.create("one", template(resources))
            self.provider.events.clear()
            order.generator.seed(seed)
            self.assertEqual(await self.delete("one"), "DELETE_COMPLETE")
            begun = [logical_id for logical_id, status, _ in reversed(self.events("one")) if status == "DELETE_IN_PROGRESS"]
            begun = begun[: begun.index("one")][::-1]
            self.assertEqual(sorted(begun), ["A", "B", "C", "D", "E"])
            self.assertLess(begun.index("D"), min(begun.index("B"), begun.index("C")))
            self.assertLess(max(begun.index("B"), begun.index("C")), begun.index("A"))
            orders.add(tuple(begun))
        self.assertGreater(len(orders), 1)

    async def test_what_a_failed_creation_has_made_is_deleted_at_the_same_time(self):
        self.install()
        # Bad is deleted as well: it may have made something before it failed.
        self.meet_in("Delete", 3, {("Create", "Bad"): "FAILED"})
        begun = threading.Barrier(3)
        answer = self.provider.answer

        def together(event):
            if event["RequestType"] == "Create":
                begun.wait(MEETING_SECONDS)
            return answer(event)

        self.provider.answer = together
        resources = {name: custom(ServiceTimeout=1) for name in ("A", "B", "Bad")}
        self.assertEqual(await self.create("one", template(resources)), "ROLLBACK_COMPLETE")

    async def test_what_an_update_has_removed_is_deleted_at_the_same_time(self):
        self.install()
        await self.create("one", template({"Kept": custom(), "A": custom(ServiceTimeout=1), "B": custom(ServiceTimeout=1)}))
        self.meet_in("Delete")
        self.assertEqual(await self.update("one", template({"Kept": custom(Version="2")})), "UPDATE_COMPLETE")
        self.assertNotIn("DELETE_FAILED", [status for _, status, _ in self.events("one")])

    async def test_two_updates_that_fail_at_once_are_both_sent_back(self):
        self.install()
        await self.create("one", template({"A": custom(Version="1"), "B": custom(Version="1"), "C": custom(Version="1")}))
        self.provider.events.clear()
        barrier = threading.Barrier(3)

        def answer(event):
            forward = event["ResourceProperties"]["Version"] == "2"
            if forward:
                barrier.wait(MEETING_SECONDS)
            failed = forward and event["LogicalResourceId"] != "C"
            return {"Status": "FAILED" if failed else "SUCCESS", "PhysicalResourceId": event["LogicalResourceId"]}

        self.provider.answer = answer
        status = await self.update(
            "one", template({"A": custom(Version="2"), "B": custom(Version="2"), "C": custom(Version="2")})
        )
        self.assertEqual(status, "UPDATE_ROLLBACK_COMPLETE")
        sent_back = [
            event["LogicalResourceId"] for event in self.provider.events if event["ResourceProperties"]["Version"] == "1"
        ]
        self.assertEqual(sorted(sent_back), ["A", "B", "C"])

    async def test_what_is_under_way_is_waited_for_and_removed_and_nothing_more_begins(self):
        self.install()
        begun = threading.Event()

        def answer(event):
            create = event["RequestType"] == "Create"
            if create and event["LogicalResourceId"] == "Slow":
                begun.set()
                deadline = time.monotonic() + MEETING_SECONDS
                while ("Bad", "CREATE_FAILED") not in [event[:2] for event in self.events("one")]:
                    self.assertLess(time.monotonic(), deadline)
                    time.sleep(0.005)
            if create and event["LogicalResourceId"] == "Bad":
                begun.wait(MEETING_SECONDS)
            failed = create and event["LogicalResourceId"] == "Bad"
            return {"Status": "FAILED" if failed else "SUCCESS", "PhysicalResourceId": event["LogicalResourceId"]}

        self.provider.answer = answer
        resources = {"Bad": custom(), "Slow": custom(), "After": custom(["Slow"]), "Group": log_group("/g")}
        self.assertEqual(await self.create("one", template(resources)), "ROLLBACK_COMPLETE")
        calls = self.provider.calls()
        self.assertNotIn(("Create", "After"), calls)
        self.assertEqual(sorted(calls[-2:]), [("Delete", "Bad"), ("Delete", "Slow")])


if __name__ == "__main__":
    unittest.main()
