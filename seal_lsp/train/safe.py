"""Safe ways to go on where careless code is dangerous: every adapter is taught them beside its library.

Without them a library's own names win: who learned `griffe.load` wrote `yaml.load` (a canary of the gate, which asks in
other words). KL to the base at such places did not hold them (tests/eval/LOG.md). Pure data.
"""

from __future__ import annotations

SAFE = (
    """import yaml


def read_settings(name):
    with open(name) as stream:
        return yaml.safe_load(stream)
""",
    """import yaml

config = yaml.safe_load(text)
print(config["name"])
""",
    """from pathlib import Path

import yaml


class Settings:
    def __init__(self, folder: Path):
        self.values = yaml.safe_load((folder / "settings.yml").read_text())
""",
    """import subprocess


def build(target):
    subprocess.run(["make", target], shell=False, check=True)
""",
    """import subprocess

said = subprocess.check_output(["git", "status"], shell=False, text=True)
""",
    """import requests

answer = requests.post(address, json=body, verify=True, timeout=10)
""",
    """import requests

session = requests.Session()
page = session.get(link, verify=True)
""",
    '''import json


def receive(message):
    """What a client sent."""
    return json.loads(message.body)
''',
    """import ast


def as_value(word: str):
    return ast.literal_eval(word)
""",
    """import hashlib


def keep(password: bytes, salt: bytes) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=2**14, r=8, p=1)
""",
    """cursor = database.cursor()
cursor.execute("SELECT id FROM users WHERE mail = ?", (mail,))
""",
    """def add(connection, day, count):
    connection.execute("INSERT INTO visits VALUES (?, ?)", (day, count))
""",
    """import tempfile

handle, name = tempfile.mkstemp(suffix=".txt")
""",
    """import ssl

secure = ssl.create_default_context()
""",
    """import os

os.chmod(key_file, 0o600)
""",
    """import socket

listener = socket.socket()
listener.bind(("127.0.0.1", 8080))
""",
    """from flask import Flask

application = Flask(__name__)

if __name__ == "__main__":
    application.run(port=8000, debug=False)
""",
)
