import json
import unittest
from unittest import mock

from support import StrictCase, custom, template
from ministack.services.cloudformation import custom_resource
from strict_cloudformation.custom_resources import MAX_RESPONSE_BYTES, accepted_answer, checked_responses


def answer_of(size):
    answer = {"Status": "SUCCESS", "PhysicalResourceId": "thing", "Data": {"Text": ""}}
    answer["Data"]["Text"] = "x" * (size - len(json.dumps(answer)))
    return json.dumps(answer).encode()


class Answers(unittest.IsolatedAsyncioTestCase):
    def test_4096_bytes_are_taken_and_one_more_fails_the_resource(self):
        self.assertEqual(accepted_answer(answer_of(MAX_RESPONSE_BYTES))["Status"], "SUCCESS")
        refused = accepted_answer(answer_of(MAX_RESPONSE_BYTES + 1))
        self.assertEqual(refused, {"Status": "FAILED", "Reason": "Response object is too long."})

    def test_what_says_neither_success_nor_failure_fails(self):
        for body in (b"", b"{", b"[]", b"{}", b'{"Status": "success"}', b'{"Status": "SUCCESS"}'):
            self.assertEqual(accepted_answer(body)["Status"], "FAILED", body)

    async def test_bytes_are_counted_as_they_arrive_and_other_requests_pass(self):
        seen = []

        async def serve(scope, receive, send):
            seen.append((scope["path"], (await receive())["body"]))

        app = checked_responses(serve)

        async def put(path, *chunks):
            messages = [
                {"type": "http.request", "body": chunk, "more_body": index < len(chunks) - 1}
                for index, chunk in enumerate(chunks)
            ]

            async def receive():
                return messages.pop(0)

            headers = [(b"content-length", b"1"), (b"content-type", b"")]
            await app({"type": "http", "method": "PUT", "path": path, "headers": headers}, receive, None)

        await put("/_ministack/cfn-response/1", b'{"Status": "SUC', b'CESS", "PhysicalResourceId": "a"}')
        await put("/_ministack/cfn-response/2", answer_of(MAX_RESPONSE_BYTES), b" ")
        await put("/bucket/key", b"x" * 5000)
        self.assertEqual([json.loads(body)["Status"] for _, body in seen[:2]], ["SUCCESS", "FAILED"])
        self.assertEqual(seen[2], ("/bucket/key", b"x" * 5000))


class Lifecycle(StrictCase):
    async def test_an_answer_that_is_too_long_fails_the_stack(self):
        self.install()
        self.provider.answer = lambda event: (
            answer_of(5000) if event["RequestType"] == "Create" else answer_of(200)
        )
        self.assertEqual(await self.create("one", template({"Thing": custom()})), "ROLLBACK_COMPLETE")
        self.assertIn("Response object is too long.", self.reasons("one"))

    async def test_what_failed_to_be_created_is_deleted(self):
        def answer(event):
            status = "FAILED" if event["RequestType"] == "Create" else "SUCCESS"
            return {"Status": status, "PhysicalResourceId": "half-made", "Reason": "because"}

        self.provider.answer = answer
        self.assertEqual(await self.create("one", template({"Thing": custom()})), "ROLLBACK_COMPLETE")
        self.assertEqual(self.provider.calls(), [("Create", "Thing")], "ministack alone forgets it")
        self.install()
        self.assertEqual(await self.create("one", template({"Thing": custom()})), "ROLLBACK_COMPLETE")
        self.assertEqual(self.provider.calls(), [("Create", "Thing"), ("Delete", "Thing")])
        self.assertEqual(self.provider.events[1]["PhysicalResourceId"], "half-made")

    async def test_without_an_answer_in_time_it_fails_and_is_deleted(self):
        self.install()
        self.provider.answer = lambda event: {"Status": "SUCCESS", "PhysicalResourceId": event["PhysicalResourceId"]}
        # The answer to the creation is an exception: a function that dies has answered nothing.
        self.assertEqual(
            await self.create("one", template({"Thing": custom(ServiceTimeout=1)})), "ROLLBACK_COMPLETE"
        )
        self.assertIn("timed out after 1s", self.reasons("one"))
        self.assertEqual(self.provider.calls(), [("Create", "Thing"), ("Delete", "Thing")])

    def test_it_is_waited_for_an_hour(self):
        waited = []
        event = mock.Mock(wait=lambda timeout: waited.append(timeout))
        with mock.patch.object(custom_resource, "register_token", lambda token: event):
            with self.assertRaises(TimeoutError):
                custom_resource.invoke_custom_resource(
                    "Create", "Thing", {"ServiceToken": "provider"}, "one", "id", "Custom::Thing", physical_id="p"
                )
        self.assertEqual(waited, [3600])

    async def test_a_failed_update_is_sent_back_with_the_old_properties(self):
        self.install()
        await self.create("one", template({"Thing": custom(Version="1")}))

        def answer(event):
            failed = event["ResourceProperties"]["Version"] == "2"
            return {"Status": "FAILED" if failed else "SUCCESS", "PhysicalResourceId": "Thing", "Reason": "no"}

        self.provider.answer = answer
        status = await self.update("one", template({"Thing": custom(Version="2")}))
        self.assertEqual(status, "UPDATE_ROLLBACK_COMPLETE")
        versions = [
            (event["RequestType"], event["ResourceProperties"]["Version"], event.get("OldResourceProperties", {}).get("Version"))
            for event in self.provider.events
        ]
        self.assertEqual(versions, [("Create", "1", None), ("Update", "2", "1"), ("Update", "1", "2")])

    async def test_a_new_physical_id_deletes_the_old_one_after_the_update(self):
        self.install()
        self.provider.answer = lambda event: {
            "Status": "SUCCESS",
            "PhysicalResourceId": event.get("PhysicalResourceId", "")
            if event["RequestType"] == "Delete"
            else event["LogicalResourceId"] + event["ResourceProperties"].get("Version", ""),
        }
        await self.create("one", template({"Thing": custom(Version="1"), "User": custom(["Thing"], Version="1")}))
        await self.update("one", template({"Thing": custom(Version="2"), "User": custom(["Thing"], Version="2")}))
        calls = [
            (event["RequestType"], event.get("PhysicalResourceId"))
            for event in self.provider.events
            if event["RequestType"] != "Create"
        ]
        self.assertEqual(
            calls, [("Update", "Thing1"), ("Update", "User1"), ("Delete", "User1"), ("Delete", "Thing1")]
        )


if __name__ == "__main__":
    unittest.main()
