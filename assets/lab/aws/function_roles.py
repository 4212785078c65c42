"""Gives every Lambda function credentials of its own role, so that the gateway knows who calls.

By itself, ministack 1.5.33 does so only when it enforces IAM (AUTH=true), which it does not do for what the gateway
serves; without that, every function has the account's own key, which the gateway does not judge.
"""
import secrets
import threading

from ministack.core import lambda_runtime
from ministack.services import lambda_svc, sts

_registration = threading.Lock()


def _one_at_a_time(register_session):
    """It looks through all sessions for expired ones, and functions that start at the same time register theirs.

    The failure of one would end every worker of its function, and what they were asked for would never be answered.
    """

    def register(access_key, session):
        with _registration:
            return register_session(access_key, session)

    return register


def execution_credentials(config):
    """Environment variables with a new session of the function's role, known to ministack's STS."""
    # arn:aws:lambda:<region>:<account>:function:<name>
    account_id = config["FunctionArn"].split(":")[4]
    role_name = config["Role"].rsplit("/", 1)[-1]
    session_name = config["FunctionName"][:64]
    credentials = {
        "AWS_ACCESS_KEY_ID": f"ASIA{secrets.token_hex(8).upper()}",
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(20),
        "AWS_SESSION_TOKEN": secrets.token_hex(32),
    }
    sts.register_session(
        credentials["AWS_ACCESS_KEY_ID"],
        {
            "Arn": f"arn:aws:sts::{account_id}:assumed-role/{role_name}/{session_name}",
            "UserId": f"{role_name}:{session_name}",
            "SecretAccessKey": credentials["AWS_SECRET_ACCESS_KEY"],
            "SessionToken": credentials["AWS_SESSION_TOKEN"],
        },
    )
    return credentials


def install():
    """Both modules have imported the function by name."""
    sts.register_session = _one_at_a_time(sts.register_session)
    for module in (lambda_runtime, lambda_svc):
        if not callable(getattr(module, "execution_credentials", None)):
            raise RuntimeError(f"{module.__name__} has no execution_credentials: is ministack another version than 1.5.33?")
        module.execution_credentials = execution_credentials
