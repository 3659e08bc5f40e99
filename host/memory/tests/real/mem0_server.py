"""Mem0 itself behind the routes of its open-source server: the package `mem0ai` does the work, with Chroma on
disk, and takes embeddings from a server that speaks OpenAI's API. Only what stands around the package is
written here, after `server/main.py` of Mem0's repository: routes, key, and which error becomes which status.

    mem0_server.py FOLDER EMBEDDINGS_URL

Once it answers, it prints `listening on http://127.0.0.1:PORT`. It ends when its standard input does.
"""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

FOLDER, EMBEDDINGS = sys.argv[1:3]
os.environ["MEM0_TELEMETRY"] = "False"
os.environ["ANONYMIZED_TELEMETRY"] = "False"
os.environ["MEM0_DIR"] = os.path.join(FOLDER, "mem0")

from mem0 import Memory  # noqa: E402
from mem0.exceptions import ValidationError  # noqa: E402

KEY = "m0-test-key"
LISTED = 1000
ENTITIES = {"user_id": "user", "agent_id": "agent", "run_id": "run"}


def memory() -> Memory:
    server = {"api_key": "none", "openai_base_url": EMBEDDINGS, "model": "smollm2"}
    return Memory.from_config(
        {
            "vector_store": {
                "provider": "chroma",
                "config": {"collection_name": "memories", "path": os.path.join(FOLDER, "chroma")},
            },
            # It is made, and with `infer: false` never asked.
            "llm": {"provider": "openai", "config": server},
            "embedder": {"provider": "openai", "config": {**server, "embedding_dims": 576}},
            "history_db_path": os.path.join(FOLDER, "history.db"),
        }
    )


class Refusal(Exception):
    def __init__(self, status: int, detail: str):
        super().__init__(detail)
        self.status = status


class Routes(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mem0: Memory

    def log_message(self, *_args):
        pass

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        try:
            status, said = 200, self.route(json.loads(body) if body else {})
        except Refusal as refusal:
            status, said = refusal.status, {"detail": str(refusal)}
        except (ValueError, ValidationError) as error:
            missing = isinstance(error, ValueError) and "not found" in str(error).lower()
            status, said = (404 if missing else 400), {"detail": str(error)}
        except Exception as error:  # What fails behind the server.
            print(f"{self.command} {self.path}: {error!r}", file=sys.stderr, flush=True)
            status, said = 502, {"detail": "Upstream provider error.", "code": "unknown"}
        text = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = answer

    def route(self, body):
        if self.headers.get("X-API-Key") != KEY:
            raise Refusal(401, "Invalid API key.")
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        scope = {name: query[name] for name in ENTITIES if query.get(name)}
        match self.command, url.path.split("/")[1:]:
            case "POST", ["memories"]:
                if not any(body.get(name) for name in ENTITIES):
                    raise Refusal(400, "At least one identifier (user_id, agent_id, run_id) is required.")
                return self.mem0.add(**{name: value for name, value in body.items() if value is not None})
            case "POST", ["search"]:
                options = {name: body[name] for name in ("top_k", "threshold") if body.get(name) is not None}
                return self.mem0.search(query=body["query"], filters=body.get("filters") or {}, **options)
            case "GET", ["memories"]:
                top = min(int(query.get("top_k", 20)), LISTED)
                return self.mem0.get_all(filters=scope, top_k=top, show_expired=query.get("show_expired") == "true")
            case "GET", ["memories", name]:
                return self.mem0.get(unquote(name))
            case "DELETE", ["memories"]:
                if not scope:
                    raise Refusal(400, "At least one identifier is required.")
                self.mem0.delete_all(**scope)
                return {"message": "All relevant memories deleted"}
            case "DELETE", ["memories", name]:
                self.mem0.delete(memory_id=unquote(name))
                return {"message": "Memory deleted successfully"}
            case "GET", ["entities"]:
                return self.entities()
        raise Refusal(404, "Not Found")

    def entities(self):
        counts = {}
        for row in self.mem0.vector_store.list(top_k=10_000)[0]:
            for field, kind in ENTITIES.items():
                if value := (row.payload or {}).get(field):
                    counts[kind, value] = counts.get((kind, value), 0) + 1
        return [
            {"id": name, "type": kind, "total_memories": count} for (kind, name), count in sorted(counts.items())
        ]


def main():
    Routes.mem0 = memory()
    port = int(os.environ.get("PORT", 0))
    server = ThreadingHTTPServer(("127.0.0.1", port), Routes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    sys.stdin.read()
    os._exit(0)


main()
