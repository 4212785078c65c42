import unittest

from ministack.services import cloudformation
from support import StrictCase, custom, log_group, template


def exporting(value, export="vpc", outputs=True):
    output = {"Id": {"Value": value, "Export": {"Name": export}}} if outputs else {}
    return template({"Group": log_group()}, output)


def importing():
    return template({"Thing": custom(Vpc={"Fn::ImportValue": "vpc"})})


class Exports(StrictCase):
    async def change(self):
        await self.create("network", exporting("vpc-1"))
        await self.create("swarm", importing())
        return await self.update("network", exporting("vpc-2"))

    async def test_an_export_in_use_cannot_be_changed(self):
        self.assertEqual(await self.change(), "UPDATE_COMPLETE", "ministack alone")
        self.install()
        self.assertEqual(await self.change(), "UPDATE_ROLLBACK_COMPLETE")
        self.assertIn("Export vpc cannot be updated as it is in use by swarm", self.reasons("network"))
        self.assertEqual(cloudformation._exports["vpc"]["Value"], "vpc-1")

    async def test_nor_removed(self):
        self.install()
        await self.create("network", exporting("vpc-1"))
        await self.create("swarm", importing())
        self.assertEqual(
            await self.update("network", exporting("", outputs=False)), "UPDATE_ROLLBACK_COMPLETE"
        )
        self.assertIn("Export vpc cannot be deleted as it is in use by swarm", self.reasons("network"))
        self.assertEqual(await self.delete("swarm"), "DELETE_COMPLETE")
        self.assertEqual(await self.update("network", exporting("", outputs=False)), "UPDATE_COMPLETE")
        self.assertNotIn("vpc", cloudformation._exports)

    async def test_the_deletion_of_the_exporting_stack_is_cancelled(self):
        self.install()
        await self.create("network", exporting("vpc-1"))
        await self.create("swarm", importing())
        self.assertEqual(await self.delete("network"), "CREATE_COMPLETE")
        self.assertIn("Delete canceled. Cannot delete export vpc as it is in use by swarm.", self.reasons("network"))
        await self.delete("swarm")
        self.assertEqual(await self.delete("network"), "DELETE_COMPLETE")

    async def test_a_name_is_exported_once(self):
        self.install()
        await self.create("network", exporting("vpc-1"))
        self.assertEqual(await self.create("other", exporting("vpc-2")), "ROLLBACK_COMPLETE")
        self.assertIn("Export with name vpc is already exported by stack network.", self.reasons("other"))

    async def test_an_output_that_is_read_weakly_may_change_and_go(self):
        self.install()
        await self.create("network", exporting("vpc-1"))
        reference = {"Fn::GetStackOutput": {"StackName": "network", "OutputName": "Id"}}
        await self.create("swarm", template({"Thing": custom(Vpc=reference)}))
        self.assertEqual(self.provider.events[-1]["ResourceProperties"]["Vpc"], "vpc-1")
        self.assertEqual(await self.update("network", exporting("vpc-2")), "UPDATE_COMPLETE")
        await self.update("swarm", template({"Thing": custom(Vpc=reference, Version="2")}))
        self.assertEqual(self.provider.events[-1]["ResourceProperties"]["Vpc"], "vpc-2")
        self.assertEqual(await self.update("network", exporting("", outputs=False)), "UPDATE_COMPLETE")
        self.assertEqual(
            await self.update("swarm", template({"Thing": custom(Vpc=reference, Version="3")})),
            "UPDATE_ROLLBACK_COMPLETE",
        )


if __name__ == "__main__":
    unittest.main()
