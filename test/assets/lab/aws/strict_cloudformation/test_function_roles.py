import sys
import threading
import unittest

import support  # noqa: F401  (finds the lab's own modules)
import function_roles
from ministack.core import lambda_runtime
from ministack.services import lambda_svc, sts

CONFIG = {
    "FunctionArn": "arn:aws:lambda:eu-west-1:000000000000:function:thing",
    "FunctionName": "thing",
    "Role": "arn:aws:iam::000000000000:role/thing",
}


def start_many_at_once(errors):
    """Functions that start in parallel, as those behind the resources of one stack do."""

    def start():
        try:
            for _ in range(300):
                lambda_runtime.execution_credentials(CONFIG)
        except RuntimeError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Sessions(unittest.TestCase):
    def setUp(self):
        originals = (sts.register_session, lambda_runtime.execution_credentials, lambda_svc.execution_credentials)

        def restore():
            sts.register_session, lambda_runtime.execution_credentials, lambda_svc.execution_credentials = originals
            sts._sessions.clear()

        self.addCleanup(restore)
        interval = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, interval)
        # Threads take turns often enough to meet in ministack's loop over all sessions.
        sys.setswitchinterval(1e-6)

    def test_functions_that_start_at_the_same_time_all_get_one(self):
        function_roles.install()
        register, errors = sts.register_session, []
        sts.register_session = register.__closure__[0].cell_contents
        start_many_at_once(errors)
        self.assertIn("dictionary changed size during iteration", errors, "ministack alone lets them meet")
        sts._sessions.clear()
        sts.register_session, errors = register, []
        start_many_at_once(errors)
        self.assertEqual(errors, [])
        self.assertEqual(len(sts._sessions), 8 * 300)
        self.assertEqual(len({session["SessionToken"] for session in sts._sessions.values()}), 8 * 300)


if __name__ == "__main__":
    unittest.main()
