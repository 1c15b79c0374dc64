"""Judges the stand-in for GOV.UK Notify by Notify's own client, then what our receiver sent to it.

Arguments: the line of JSON that `simulator` prints, and the program.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import uuid

from notifications_python_client.errors import HTTPError
from notifications_python_client.notifications import NotificationsAPIClient

addresses, program = json.loads(sys.argv[1]), sys.argv[2]
base, key, template = addresses["addresses"]["notify"], addresses["notify_key"], addresses["notify_template"]
client = NotificationsAPIClient(key, base_url=base)
WORDS = {"subject": "A subject", "body": "A body"}


def refused(status, call):
    try:
        call()
    except HTTPError as error:
        assert error.status_code == status, error
        assert error.response.json()["errors"][0]["error"], error
        return error.response.json()["errors"][0]["error"]
    raise AssertionError(f"not refused with {status}")


# The client understands what the stand-in answers.
reference = str(uuid.uuid4())
sent = client.send_email_notification(
    email_address="a@example.gov.uk", template_id=template, personalisation=WORDS, reference=reference
)
assert sent["reference"] == reference and sent["content"]["subject"] == "A subject", sent
found = client.get_all_notifications(reference=reference)["notifications"]
assert [one["id"] for one in found] == [sent["id"]], found
assert client.get_notification_by_id(sent["id"])["status"] == "sending"
assert client.get_all_notifications(reference="another")["notifications"] == []

# And what it refuses.
send = client.send_email_notification
assert refused(400, lambda: send("a@example.gov.uk", template, {"subject": "x"})) == "BadRequestError"
assert refused(400, lambda: send("nobody", template, WORDS)) == "ValidationError"
assert refused(400, lambda: send("a@example.gov.uk", str(uuid.uuid4()), WORDS)) == "BadRequestError"
stranger = NotificationsAPIClient(f"stranger-{uuid.uuid4()}-{uuid.uuid4()}", base_url=base)
assert refused(403, lambda: stranger.get_all_notifications()) == "AuthError"
assert refused(404, lambda: client.get_notification_by_id(str(uuid.uuid4()))) == "NoResultFound"

# Our receiver tells it, and the client finds what was told.
with tempfile.TemporaryDirectory() as folder:
    config = pathlib.Path(folder, "config.toml")
    config.write_text(
        f"""
        data_dir = "{folder}/data"
        [receivers.office]
        kind = "govuk_notify"
        [receivers.office.settings]
        url = "{base}"
        api_key = {{ env = "NOTIFY_KEY" }}
        template_id = "{template}"
        to = ["a@example.gov.uk", "b@example.gov.uk"]
        """
    )
    told = subprocess.run(
        [program, "--config", config, "alerts", "test", "office"],
        env={**os.environ, "NOTIFY_KEY": key}, capture_output=True, text=True, check=False,
    )
assert told.returncode == 0, told
assert key[-36:] not in told.stdout + told.stderr
print(told.stdout.strip())
ours = [one for one in client.get_all_notifications()["notifications"] if one["subject"].startswith("Test: ")]
assert {one["email_address"] for one in ours} == {"a@example.gov.uk", "b@example.gov.uk"}, ours
assert "This is a test: nothing below has happened." in ours[0]["body"], ours[0]
print("GOV.UK Notify: its own client agrees with the stand-in and finds what was sent")
