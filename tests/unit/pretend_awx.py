# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of AWX as far as the modules of awx.awx use it: objects in lists, found by fields, and what is tied to them.

It judges credential types and surveys as AWX does, and nothing else: whether a playbook exists in a project, say, is
not looked at.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator

Object = dict[str, Any]
UNIFIED = ("job_templates", "workflow_job_templates", "projects")

_NAME = "^[a-zA-Z_]+[a-zA-Z0-9_]*$"
_WORDS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_CLOSED = {"type": "object", "additionalProperties": False}
CREDENTIAL_TYPE = {
    "type": "object",
    "required": ["name", "kind", "inputs", "injectors"],
    "properties": {
        "kind": {"enum": ["cloud", "net"]},
        "inputs": {
            **_CLOSED,
            "properties": {
                "required": _WORDS,
                "fields": {
                    "type": "array",
                    "items": {
                        **_CLOSED,
                        "required": ["id", "label", "type"],
                        "properties": {
                            "id": {"type": "string", "pattern": _NAME},
                            "label": {"type": "string"},
                            "type": {"enum": ["string", "boolean"]},
                            "format": {"enum": ["ssh_private_key", "url"]},
                            "help_text": {"type": "string"},
                            "choices": _WORDS,
                            "multiline": {"type": "boolean"},
                            "secret": {"type": "boolean"},
                            "ask_at_runtime": {"type": "boolean"},
                        },
                    },
                },
            },
        },
        "injectors": {
            **_CLOSED,
            "properties": {
                "file": {
                    **_CLOSED,
                    "patternProperties": {r"^template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$": {"type": "string"}},
                },
                "env": {**_CLOSED, "patternProperties": {_NAME: {"type": "string"}}},
                "extra_vars": {**_CLOSED, "patternProperties": {_NAME: {}}},
            },
        },
    },
}
SURVEY = {
    **_CLOSED,
    "required": ["name", "description", "spec"],
    "properties": {
        "name": {"type": "string"},
        "description": {"type": "string"},
        "spec": {
            "type": "array",
            "minItems": 1,
            "items": {
                **_CLOSED,
                "required": ["question_name", "question_description", "variable", "type", "required"],
                "properties": {
                    "question_name": {"type": "string", "minLength": 1},
                    "question_description": {"type": "string"},
                    "variable": {"type": "string", "pattern": _NAME},
                    "type": {
                        "enum": ["text", "textarea", "password", "integer", "float", "multiplechoice", "multiselect"]
                    },
                    "required": {"type": "boolean"},
                    "choices": _WORDS,
                    "default": {},
                    "min": {"type": "integer"},
                    "max": {"type": "integer"},
                },
                "if": {"properties": {"type": {"enum": ["multiplechoice", "multiselect"]}}},
                "then": {"required": ["choices"]},
                "else": {"not": {"required": ["choices"]}},
            },
        },
    },
}


def complaint(document: Any, schema: Mapping[str, Any]) -> str:
    """Where and why a document is refused; empty when it is not."""
    return "; ".join(
        f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(document)
    )


class PretendAwx:
    """What is there, by list; and the requests that changed it."""

    def __init__(self) -> None:
        self.lists: dict[str, dict[int, Object]] = {}
        self.tied: dict[str, list[int]] = {}
        """Ids by the path of the list of what is tied to an object."""
        self.surveys: dict[str, Object] = {}
        self.secrets: dict[str, Object] = {}
        """Inputs of credentials by name."""
        self.changes: list[str] = []
        self._ids = iter(range(1, 10_000))

    def one(self, kind: str, name: str) -> Object:
        (found,) = (one for one in self.lists[kind].values() if name in (one.get("name"), one.get("identifier")))
        return found

    def names(self, kind: str) -> list[str]:
        return [one["name"] for one in self.lists.get(kind, {}).values()]

    def add(self, plural: str, /, **fields: Any) -> Object:
        number = next(self._ids)
        url = f"/api/v2/{plural}/{number}/"
        related = {"survey_spec": f"{url}survey_spec/"} if plural in UNIFIED else {}
        known = {"id": number, "url": url, "type": plural.removesuffix("s"), "related": related}
        self.lists.setdefault(plural, {})[number] = {**fields, **known}
        return self.lists[plural][number]

    def tied_names(self, owner: Object, what: str, kind: str = "") -> list[str]:
        found = self.tied.get(f"{owner['url']}{what}/", [])
        return [one.get("name") or one["identifier"] for one in map(self.lists[kind or what].__getitem__, found)]

    def answer(self, method: str, path: str, query: Mapping[str, str], sent: Object) -> tuple[int, Any]:
        if method != "GET":
            self.changes.append(f"{method} {path}")
        kind, *rest = path.removeprefix("/api/v2/").strip("/").split("/")
        if not rest:
            return self._list(kind, query) if method == "GET" else self._create(kind, sent)
        owner = self.lists.get(kind, {}).get(int(rest[0]))
        if owner is None:
            return 404, {"detail": "Not found."}
        if len(rest) == 1:
            known = {key: sent[key] for key in sent if key in owner or kind != "workflow_approval_templates"}
            owner.update(self._concealed(kind, known))
            return 200, owner
        if rest[1] == "survey_spec":
            return self._survey(path, sent) if method == "POST" else (200, self.surveys.get(path, {}))
        if rest[1] == "create_approval_template":
            fields = {key: sent.get(key) for key in ("name", "description", "timeout")}
            template = self.add("workflow_approval_templates", **fields)
            owner["related"]["unified_job_template"] = template["url"]
            return 201, template
        return self._tie(path, rest[1], sent) if method == "POST" else self._of(path, rest[1])

    def _list(self, kind: str, query: Mapping[str, str]) -> tuple[int, Any]:
        kinds = UNIFIED if kind == "unified_job_templates" else (kind,)
        every = [one for each in kinds for one in self.lists.get(each, {}).values()]
        found = [one for one in every if all(str(one.get(key)) == value for key, value in query.items())]
        return 200, {"count": len(found), "next": None, "results": found}

    def _create(self, kind: str, sent: Object) -> tuple[int, Any]:
        refused = complaint(sent, CREDENTIAL_TYPE) if kind == "credential_types" else ""
        return (400, {"detail": refused}) if refused else (201, self.add(kind, **self._concealed(kind, sent)))

    def _concealed(self, kind: str, sent: Object) -> Object:
        """Secrets are kept and never shown."""
        if kind != "credentials" or not sent:
            return sent
        self.secrets[sent["name"]] = sent["inputs"]
        return {**sent, "inputs": dict.fromkeys(sent["inputs"], "$encrypted$")}

    def _survey(self, path: str, sent: Object) -> tuple[int, Any]:
        refused = complaint(sent, SURVEY)
        if refused:
            return 400, {"error": refused}
        self.surveys[path] = sent
        return 200, {}

    def _tie(self, path: str, what: str, sent: Object) -> tuple[int, Any]:
        tied = self.tied.setdefault(path, [])
        if sent.get("disassociate"):
            tied.remove(sent["id"])
        else:
            tied.append(sent["id"])
        return 204, None

    def _of(self, path: str, what: str) -> tuple[int, Any]:
        kind = "workflow_job_template_nodes" if what.endswith("_nodes") else re.sub("(templates)_.*", r"\1", what)
        found = [self.lists[kind][number] for number in self.tied.get(path, [])]
        return 200, {"count": len(found), "next": None, "results": found}


@contextmanager
def listening(awx: PretendAwx) -> Iterator[str]:
    """The address at which it answers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = json.loads(self.rfile.read(length)) if length else {}
            url = urlsplit(self.path)
            status, found = awx.answer(self.command, url.path, dict(parse_qsl(url.query)), sent)
            body = b"" if found is None else json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-API-Product-Name", "AWX")
            self.send_header("X-API-Product-Version", "24.6.1")
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
