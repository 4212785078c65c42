import unittest
from unittest import mock

import support  # noqa: F401  (finds the lab's own modules)
import function_logs
from ministack.services import cloudwatch_logs, lambda_svc

CONFIG = {"FunctionName": "thing", "Runtime": "nodejs20.x"}


class LogGroups(unittest.TestCase):
    def setUp(self):
        dispatch = lambda_svc._execute_function_dispatch
        self.addCleanup(setattr, lambda_svc, "_execute_function_dispatch", dispatch)
        self.addCleanup(cloudwatch_logs._log_groups.clear)

    def groups_during_a_call_of(self, config):
        seen = []

        def execute(*_):
            seen.extend(cloudwatch_logs._log_groups)
            return {"body": None}

        with mock.patch.object(lambda_svc, "_execute_function_warm", execute):
            lambda_svc._execute_function({"config": config}, {})
        return seen

    def test_is_made_by_ministack_alone_after_the_call(self):
        self.assertEqual(self.groups_during_a_call_of(CONFIG), [])
        self.assertEqual(list(cloudwatch_logs._log_groups), ["/aws/lambda/thing"])

    def test_is_there_while_the_function_runs(self):
        function_logs.install()
        self.assertEqual(self.groups_during_a_call_of(CONFIG), ["/aws/lambda/thing"])

    def test_is_the_one_that_the_function_names(self):
        function_logs.install()
        config = {**CONFIG, "LoggingConfig": {"LogGroup": "shared"}}
        for _ in range(2):
            self.assertEqual(self.groups_during_a_call_of(config), ["shared"])


if __name__ == "__main__":
    unittest.main()
