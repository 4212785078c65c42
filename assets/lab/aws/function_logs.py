"""A function's log group is there from the moment at which the function is called, as on AWS.

ministack 1.5.33 makes it when a call has ended. A call that lasts longer than CloudFormation takes to come to the log group
of that name would not be met.
"""
from ministack.services import cloudwatch_logs, lambda_svc


def _group_name(config):
    return (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"


def install():
    dispatch = lambda_svc._execute_function_dispatch

    def logged(func, config, event, request_id, started):
        name = _group_name(config)
        if name not in cloudwatch_logs._log_groups:
            cloudwatch_logs._create_log_group({"logGroupName": name})
        return dispatch(func, config, event, request_id, started)

    lambda_svc._execute_function_dispatch = logged
