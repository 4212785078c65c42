import json
import unittest

from ministack.services import cloudwatch_logs, lambda_svc, secretsmanager
from support import StrictCase, log_group, template

GROUP = "/metals/test/documents"


class Names(StrictCase):
    async def test_a_log_group_that_exists_is_refused(self):
        async def deploy():
            cloudwatch_logs._create_log_group({"logGroupName": GROUP})
            cloudwatch_logs._log_groups[GROUP]["streams"]["kept"] = {}
            return await self.create("one", template({"Group": log_group(GROUP)}))

        self.assertEqual(await deploy(), "CREATE_COMPLETE", "ministack alone overwrites it")
        self.assertEqual(cloudwatch_logs._log_groups[GROUP]["streams"], {})
        self.install()
        self.assertEqual(await deploy(), "ROLLBACK_COMPLETE")
        self.assertIn(f"'AWS::Logs::LogGroup' with identifier '{GROUP}' already exists", self.reasons("one"))
        self.assertIn("kept", cloudwatch_logs._log_groups[GROUP]["streams"])

    async def test_a_function_that_has_logged_has_made_its_log_group(self):
        self.install()
        lambda_svc._emit_lambda_logs({"config": {"FunctionName": "provider"}}, "id", "a line", False, 1)
        status = await self.create("one", template({"Group": log_group("/aws/lambda/provider")}))
        self.assertEqual(status, "ROLLBACK_COMPLETE")
        self.assertIn("already exists", self.reasons("one"))

    async def test_a_group_renamed_to_a_name_that_is_taken_is_refused(self):
        self.install()
        cloudwatch_logs._create_log_group({"logGroupName": GROUP})
        await self.create("one", template({"Group": log_group("/other")}))
        self.assertEqual(
            await self.update("one", template({"Group": log_group(GROUP)})), "UPDATE_ROLLBACK_COMPLETE"
        )
        self.assertIn("already exists", self.reasons("one"))
        self.assertIn("/other", cloudwatch_logs._log_groups)

    async def test_generated_names_never_meet_and_stay_in_an_update(self):
        self.install()
        group = log_group(DeletionPolicy="Retain")
        await self.create("one", template({"Group": group}))
        first = set(cloudwatch_logs._log_groups)
        group["Properties"] = {"RetentionInDays": 7}
        self.assertEqual(await self.update("one", template({"Group": group})), "UPDATE_COMPLETE")
        self.assertEqual(set(cloudwatch_logs._log_groups), first)
        await self.delete("one")
        self.assertEqual(await self.create("one", template({"Group": group})), "CREATE_COMPLETE")
        self.assertEqual(len(cloudwatch_logs._log_groups), 2)

    async def test_a_role_of_a_fixed_name_in_two_stacks(self):
        role = {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": "metals",
                "AssumeRolePolicyDocument": {
                    "Statement": [
                        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
                    ]
                },
            },
        }
        self.install()
        self.assertEqual(await self.create("one", template({"Role": role})), "CREATE_COMPLETE")
        self.assertEqual(await self.create("two", template({"Role": role})), "ROLLBACK_COMPLETE")
        self.assertEqual(await self.delete("one"), "DELETE_COMPLETE")


class Secrets(StrictCase):
    def create_again(self):
        name = "metals/prod/api-key"
        secretsmanager._create_secret({"Name": name, "SecretString": "x"})
        secretsmanager._delete_secret({"SecretId": name, "RecoveryWindowInDays": 7})
        return json.loads(secretsmanager._create_secret({"Name": name, "SecretString": "y"})[2])

    def test_a_secret_scheduled_for_deletion_holds_its_name(self):
        self.assertEqual(self.create_again()["__type"], "ResourceExistsException", "ministack alone")
        self.install()
        answer = self.create_again()
        self.assertEqual(answer["__type"], "InvalidRequestException")
        self.assertIn("already scheduled for deletion", answer["message"])

    def test_a_secret_that_exists(self):
        self.install()
        secretsmanager._create_secret({"Name": "a", "SecretString": "x"})
        answer = json.loads(secretsmanager._create_secret({"Name": "a", "SecretString": "y"})[2])
        self.assertEqual(answer["__type"], "ResourceExistsException")
        self.assertEqual(answer["message"], "The operation failed because the secret a already exists.")


if __name__ == "__main__":
    unittest.main()
