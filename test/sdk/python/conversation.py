"""The whole conversation with the generated Python client: join, send, a held poll, acknowledge, an error, leave."""

import json
import os
import pathlib
import random
import re
import time
from concurrent.futures import ThreadPoolExecutor

import openapi_client
import urllib3

holdline = openapi_client

ROOM = "generated"
OFFER = {"type": "offer", "sdp": "v=0\r\n"}


class Member:
    def __init__(self, participant_id):
        configuration = holdline.Configuration(host=os.environ["HOLDLINE_URL"])
        configuration.access_token = None  # this generator reads it before anybody has set it
        self.rooms = holdline.RoomsApi(holdline.ApiClient(configuration))
        joined = self.rooms.join_room(ROOM, join_request=holdline.JoinRequest(participant_id=participant_id))
        configuration.access_token = joined.token
        self.messages = holdline.MessagesApi(self.rooms.api_client)
        self.participant_id = participant_id
        self.cursor = joined.cursor

    def poll(self, wait):
        request = holdline.PollRequest(after=self.cursor, wait=wait)
        batch = self.messages.poll_messages(ROOM, poll_request=request, _request_timeout=wait + 10)
        self.cursor = batch.cursor
        return batch

    def send(self, to):
        return self.messages.send_message(ROOM, holdline.SendRequest(to=to, type="offer", payload=OFFER))

    def listening(self):
        roster = self.rooms.list_participants(ROOM).participants
        return [one.participant_id for one in roster if one.listening]

    def leave(self):
        self.rooms.leave_room(ROOM, self.participant_id)

    def leave_by_post(self):
        self.rooms.leave_room_by_post(ROOM, self.participant_id)


def types(batch):
    return [message.type for message in batch.messages]


alice, bob = Member("alice"), Member("bob")
assert types(alice.poll(0)) == ["participant-joined"]

with ThreadPoolExecutor() as threads:
    held = threads.submit(alice.poll, 20)
    while "alice" not in bob.listening():
        pass
    receipt = bob.send("alice")
    assert [(one.participant_id, one.listening) for one in receipt.recipients] == [("alice", True)]
    batch = held.result()
(message,) = batch.messages
assert (message.type, message._from, message.payload) == ("offer", "bob", OFFER), message
assert (batch.more, batch.expired) == (False, 0)

alice.messages.acknowledge_messages(ROOM, holdline.AckRequest(cursor=batch.cursor))
assert types(alice.poll(0)) == []

try:
    bob.send("nobody")
    raise AssertionError("it was not refused")
except holdline.ApiException as refusal:
    problem = json.loads(refusal.body)
    assert (refusal.status, problem["code"], problem["retryable"]) == (404, "recipient-not-found", False)

bob.leave()
assert types(alice.poll(20)) == ["participant-left"]


# The loop that docs/sdk.md shows, as it stands there.
guide = pathlib.Path(__file__).parents[3] / "docs" / "sdk.md"
exec(re.search(r"<!-- python-loop -->\s+```python\n(.*?)```", guide.read_text(), re.S).group(1))


class Enough(Exception):
    pass


handled = []


def handle(message):
    handled.append(message.type)
    if message.type == "participant-left":
        raise Enough


carol = Member("carol")
carol.send("alice")
carol.leave()
try:
    receive(alice.messages, ROOM, alice.cursor, handle)
except Enough:
    assert handled == ["participant-joined", "offer", "participant-left"], handled

alice.leave_by_post()
try:
    receive(alice.messages, ROOM, alice.cursor, handle)
except holdline.ApiException as refusal:
    assert refusal.status == 410, refusal.status
