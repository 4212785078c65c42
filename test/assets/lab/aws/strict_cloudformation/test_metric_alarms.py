import asyncio
import json
import unittest
from unittest import mock

import support  # noqa: F401  (makes assets/lab/aws importable)
import cbor2
import metric_alarms
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

NAMESPACE = "Metals/test"
METRIC = "DiskUsedPercent"


def dimensions(slot):
    return [{"Name": "FileSystem", "Value": "data"}, {"Name": "Slot", "Value": slot}]


class MetricAlarms(unittest.TestCase):
    """Alarms as CloudFormation makes them of a template; metrics as the AWS CLI of the nodes sends them."""

    def setUp(self):
        cloudwatch.reset()
        restore = mock.patch.object(cloudwatch, "_evaluate_alarm", cloudwatch._evaluate_alarm)
        restore.start()
        self.addCleanup(restore.stop)
        for slot in ("worker-1", "worker-2"):
            provisioners._cw_metric_alarm_put(slot, {
                "Namespace": NAMESPACE, "MetricName": METRIC, "Statistic": "Maximum", "Period": 3600,
                "EvaluationPeriods": 1, "Threshold": 80, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "TreatMissingData": "breaching", "Dimensions": dimensions(slot),
            })

    def request(self, body, headers, path="/"):
        status, _, answer = asyncio.run(cloudwatch.handle_request("POST", path, headers, body, {}))
        self.assertEqual(status, 200, answer)

    def report(self, slot, percent):
        datum = {"MetricName": METRIC, "Value": percent, "Dimensions": dimensions(slot)}
        self.request(
            json.dumps({"Namespace": NAMESPACE, "MetricData": [datum]}).encode(),
            {"content-type": "application/x-amz-json-1.0", "x-amz-target": "GraniteServiceVersion20100801.PutMetricData"},
        )

    def states(self):
        return {name: alarm["StateValue"] for name, alarm in cloudwatch._alarms.items()}

    def test_a_full_disk_raises_the_alarm_of_its_own_node(self):
        self.report("worker-1", 81)
        self.assertEqual(self.states(), {"worker-1": "ALARM", "worker-2": "ALARM"}, "ministack alone")
        self.setUp()
        metric_alarms.install()
        self.assertEqual(self.states(), {"worker-1": "INSUFFICIENT_DATA", "worker-2": "INSUFFICIENT_DATA"})
        self.report("worker-1", 81)
        self.assertEqual(self.states(), {"worker-1": "ALARM", "worker-2": "INSUFFICIENT_DATA"})
        self.report("worker-2", 79)
        self.assertEqual(self.states(), {"worker-1": "ALARM", "worker-2": "OK"})

    def test_a_client_that_speaks_cbor_is_heard(self):
        metric_alarms.install()
        datum = {"MetricName": METRIC, "Value": 90, "Dimensions": dimensions("worker-2")}
        self.request(
            cbor2.dumps({"Namespace": NAMESPACE, "MetricData": [datum]}),
            {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"},
            "/service/GraniteServiceVersion20100801/operation/PutMetricData",
        )
        self.assertEqual(self.states()["worker-2"], "ALARM")
