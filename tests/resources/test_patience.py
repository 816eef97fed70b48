"""A server that goes away for a while is waited for; an address where nobody ever answered is not."""

import socket
import threading
import time

import dagster as dg
import pytest

from resources.aws import Aws, explained


@pytest.mark.slow
def test_a_server_that_restarts_is_waited_for(own_stand_in, monkeypatch):
    for name, value in own_stand_in.environment.items():
        monkeypatch.setenv(name, value)
    client = Aws().client("sagemaker")
    client.list_training_jobs()
    own_stand_in.kill()
    answers = []
    asking = threading.Thread(target=lambda: answers.append(client.list_training_jobs()))
    asking.start()
    time.sleep(8)  # longer than boto3 alone would have tried
    assert asking.is_alive()
    own_stand_in.start()
    asking.join(60)
    assert answers[0]["TrainingJobSummaries"] == []


def test_a_wrong_address_is_told_and_not_waited_for(monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "key")
        client = Aws(region="us-east-1").client("sagemaker")
        with pytest.raises(dg.Failure, match="check AWS_ENDPOINT_URL"), explained("list jobs"):
            client.list_training_jobs()
