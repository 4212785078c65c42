"""Lets an alarm look at its own metric alone.

By itself, ministack 1.5.33 passes over an alarm's dimensions: the fullest disk of any node would raise the alarms of all.
Its own evaluation stays: whenever a metric arrives, over what came within the alarm's periods. Time alone raises no
alarm, so that missing data are never noticed.
"""
import types

from ministack.services import cloudwatch


def evaluating_own_dimensions(evaluate):
    """`evaluate` with a look at one metric instead of all. Its globals are copied: other threads keep theirs."""

    def evaluate_alarm(alarm):
        dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
        key = (alarm.get("Namespace"), alarm.get("MetricName"), dimensions)
        own = {key: cloudwatch._metrics[key]} if key in cloudwatch._metrics else {}
        looking = types.FunctionType(evaluate.__code__, {**evaluate.__globals__, "_metrics": own})
        looking(alarm)

    return evaluate_alarm


def install():
    """Once, before ministack serves. An AttributeError says that it is another version of ministack."""
    cloudwatch._evaluate_alarm = evaluating_own_dimensions(cloudwatch._evaluate_alarm)
