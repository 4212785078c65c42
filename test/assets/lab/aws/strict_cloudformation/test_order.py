import random
import unittest

from ministack.services import cloudwatch_logs
from support import StrictCase, custom, log_group, strict_cloudformation, template
from strict_cloudformation.order import random_order


class Order(unittest.TestCase):
    RESOURCES = {"A": custom(), "B": custom(["A"]), "C": custom(), "D": custom(["B", "C"]), "E": custom()}

    def test_dependencies_first_and_otherwise_any_order_of_the_seed(self):
        orders = set()
        for seed in range(50):
            order = random_order(self.RESOURCES, {}, random.Random(seed))
            self.assertEqual(order, random_order(self.RESOURCES, {}, random.Random(seed)))
            self.assertEqual(sorted(order), sorted(self.RESOURCES))
            self.assertLess(order.index("A"), order.index("B"))
            self.assertLess(max(order.index("B"), order.index("C")), order.index("D"))
            orders.add(tuple(order))
        self.assertGreater(len(orders), 10)

    def test_what_a_condition_leaves_out_is_left_out(self):
        resources = {"A": {**custom(), "Condition": "Never"}, "B": custom(["A"])}
        self.assertEqual(random_order(resources, {"Never": False}, random.Random(1)), ["B"])

    def test_a_circle_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "Circular dependency detected among resources: A, B"):
            random_order({"A": custom(["B"]), "B": custom(["A"])}, {}, random.Random(1))


class Removal(StrictCase):
    async def test_what_is_removed_goes_after_the_update_dependents_first_in_a_phase_of_its_own(self):
        before = template({"Kept": custom(Version="1"), "Old": custom(), "OldUser": custom(["Old"])})
        self.install()
        await self.create("one", before)
        self.provider.events.clear()
        self.assertEqual(await self.update("one", template({"Kept": custom(Version="2")})), "UPDATE_COMPLETE")
        self.assertEqual(self.provider.calls(), [("Update", "Kept"), ("Delete", "OldUser"), ("Delete", "Old")])
        statuses = [(logical_id, status) for logical_id, status, _ in self.events("one")]
        cleanup = statuses.index(("one", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"))
        self.assertLess(statuses.index(("Kept", "UPDATE_COMPLETE")), cleanup)
        self.assertLess(cleanup, statuses.index(("OldUser", "DELETE_COMPLETE")))
        self.assertLess(statuses.index(("OldUser", "DELETE_COMPLETE")), statuses.index(("Old", "DELETE_IN_PROGRESS")))
        self.assertEqual(statuses[-1], ("one", "UPDATE_COMPLETE"))

    async def remove_after(self, failures):
        """How often Old was asked to go, and its last status."""
        self.install()
        await self.create("one", template({"Kept": custom(Version="1"), "Old": custom()}))
        self.provider.events.clear()

        def answer(event):
            tries = self.provider.calls().count(("Delete", "Old"))
            failed = event["RequestType"] == "Delete" and tries <= failures
            return {"Status": "FAILED" if failed else "SUCCESS", "PhysicalResourceId": event["LogicalResourceId"]}

        self.provider.answer = answer
        self.assertEqual(await self.update("one", template({"Kept": custom(Version="2")})), "UPDATE_COMPLETE")
        statuses = [status for logical_id, status, _ in self.events("one") if logical_id == "Old"]
        return self.provider.calls().count(("Delete", "Old")), statuses[-1]

    async def test_a_removal_that_fails_is_tried_three_times(self):
        self.assertEqual(await self.remove_after(2), (3, "DELETE_COMPLETE"))
        strict_cloudformation.uninstall()
        self.assertEqual(await self.remove_after(3), (3, "DELETE_FAILED"))

    async def test_nothing_is_removed_when_the_update_fails(self):
        self.install()
        await self.create("one", template({"Kept": custom(Version="1"), "Old": custom()}))
        self.provider.events.clear()
        self.provider.answer = lambda event: {
            "Status": "FAILED" if event["ResourceProperties"].get("Version") == "2" else "SUCCESS",
            "PhysicalResourceId": event["LogicalResourceId"],
        }
        self.assertEqual(
            await self.update("one", template({"Kept": custom(Version="2")})), "UPDATE_ROLLBACK_COMPLETE"
        )
        self.assertNotIn(("Delete", "Old"), self.provider.calls())


class DeletionPolicy(StrictCase):
    async def fail_with(self, policy):
        """A first deployment that fails once its log group is there."""
        self.provider.answer = lambda event: {
            "Status": "FAILED" if event["RequestType"] == "Create" else "SUCCESS",
            "PhysicalResourceId": "x",
        }
        body = template({"Group": log_group("/kept", DeletionPolicy=policy), "Thing": custom(["Group"])})
        return await self.create("one", body)

    async def test_retain_keeps_what_a_failed_create_made_and_the_next_one_is_refused(self):
        self.install()
        self.assertEqual(await self.fail_with("Retain"), "ROLLBACK_COMPLETE")
        self.assertIn("/kept", cloudwatch_logs._log_groups)
        await self.delete("one")
        await self.fail_with("Retain")
        self.assertIn("already exists", self.reasons("one"))

    async def test_retain_except_on_create_does_not(self):
        self.install()
        self.assertEqual(await self.fail_with("RetainExceptOnCreate"), "ROLLBACK_COMPLETE")
        self.assertNotIn("/kept", cloudwatch_logs._log_groups)

    async def test_both_keep_what_a_stack_that_is_deleted_had(self):
        self.install()
        for policy in ("Retain", "RetainExceptOnCreate"):
            name = f"/{policy}"
            await self.create(policy, template({"Group": log_group(name, DeletionPolicy=policy)}))
            self.assertEqual(await self.delete(policy), "DELETE_COMPLETE")
            self.assertIn(name, cloudwatch_logs._log_groups)


if __name__ == "__main__":
    unittest.main()
