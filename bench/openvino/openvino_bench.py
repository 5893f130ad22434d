"""openvino_bench measures OpenVINO GenAI on the CPU as `coreml bench --json` measures
this project:

    openvino_bench.py MODEL.gguf THREADS PREFILL DECODE TOKENS

PREFILL and DECODE are lists such as 32,128,512, or none; TOKENS is how many single
tokens are measured behind each length of DECODE. One round is taken. The last line of
standard output is a JSON object with the keys of coreml bench.

Prompts and tokens are timed by OpenVINO's own clock of each inference, so that its
tokenizer and its sampling do not count. Every prompt is another one: OpenVINO keeps
what it has computed of an earlier prompt that begins alike.
"""

import json
import resource
import sys
import time

import numpy
import openvino
import openvino_genai

# Below every vocabulary that is measured.
VOCABULARY = 30000


def lengths(text):
    return [] if text == "none" else [int(part) for part in text.split(",")]


def prompts():
    """Yields a function that makes n tokens, by the generator of coreml bench with
    another seed for each prompt."""
    seed = 0
    while True:
        seed += 1
        x, ids = seed, []

        def make(n, x=x, ids=ids):
            while len(ids) < n:
                x = (x * 1103515245 + 12345) & 0xFFFFFFFF
                ids.append((x >> 16 & 0x7FFF) % VOCABULARY)
            return numpy.array([ids[:n]], dtype=numpy.int64)

        yield make


def main():
    if len(sys.argv) != 6:
        sys.exit("usage: openvino_bench.py MODEL.gguf THREADS PREFILL DECODE TOKENS")
    model, threads, tokens = sys.argv[1], int(sys.argv[2]), int(sys.argv[5])
    prefill, decode = lengths(sys.argv[3]), lengths(sys.argv[4])

    start = time.perf_counter()
    pipe = openvino_genai.LLMPipeline(model, "CPU", INFERENCE_NUM_THREADS=threads, PERFORMANCE_HINT="LATENCY")
    load = time.perf_counter() - start

    new = prompts()

    def infer(n, out):
        """The seconds of each inference of a prompt of n tokens and out tokens after it."""
        config = openvino_genai.GenerationConfig()
        config.max_new_tokens = config.min_new_tokens = out
        config.ignore_eos, config.do_sample = True, False
        ids = next(new)(n)
        inputs = openvino_genai.TokenizedInputs(openvino.Tensor(ids), openvino.Tensor(numpy.ones_like(ids)))
        result = pipe.generate(inputs, config)
        return [us * 1e-6 for us in result.perf_metrics.raw_metrics.token_infer_durations]

    start = time.perf_counter()
    infer(min(prefill, default=32), 1)
    first = time.perf_counter() - start

    measured = {"load_ms": load * 1e3, "first_token_ms": first * 1e3, "prefill": {}, "decode": {}}
    for n in prefill:
        infer(n, 1)  # a length that it meets for the first time takes longer
        measured["prefill"][str(n)] = n / infer(n, 1)[0]
    for n in decode:
        # A prompt cannot be empty; its own inference is left out.
        steps = infer(max(n, 1), tokens + 1)[1:]
        measured["decode"][str(n)] = len(steps) / sum(steps)
    measured["peak_rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(measured))


main()
