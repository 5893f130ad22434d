"""Converts what train.py left to the embedded model and its expected answers.

    python convert.py --checkpoint DIRECTORY [--model DIRECTORY] [--answers DIRECTORY]
"""
import argparse
import json
import os
import shutil
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, ".."))

from decoder import *
from tokenizers import Tokenizer

PROMPTS = ("Once upon a time", "The little fox", "In a small house by the harbor", "One morning, Mia")


def greedy(m, ids, most, end):
    """The most likely continuation and, for each token, its lead over the next best."""
    for name in CACHES:
        getattr(m, name).zero_()
    tokens, margins, position, step = [], [], 0, ids
    for _ in range(most):
        with torch.no_grad():
            logits = m(torch.tensor([step]), causal_mask(len(step), position))[0, -1]
        position += len(step)
        best, index = logits.topk(2)
        tokens.append(int(index[0]))
        margins.append(float(best[0] - best[1]))
        if tokens[-1] == end:
            break
        step = tokens[-1:]
    return tokens, margins


def write_json(path, value):
    with open(path, "w") as f:
        json.dump(value, f, indent=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    root = os.path.join(here, "..", "..", "..")
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--model", default=os.path.join(root, "examples", "storyteller", "model"))
    parser.add_argument("--answers", default=os.path.join(root, "testdata", "storyteller"))
    arguments = parser.parse_args()
    for directory in (arguments.model, arguments.answers):
        os.makedirs(directory, exist_ok=True)

    with open(os.path.join(arguments.checkpoint, "decoder.json")) as f:
        c = Config(**json.load(f))
    m = Decoder(c)
    m.load_state_dict(torch.load(os.path.join(arguments.checkpoint, "checkpoint.pt")))
    m.eval()
    package = compress(convert(m, c.ctx), linear_blocks())
    package.short_description = (
        "Storyteller: a 1.3-million-parameter stateful language model trained from scratch on synthetic stories"
    )
    package.license, package.author, package.version = "Apache-2.0", "coreml for Go", "1"
    package.user_defined_metadata["co.huggingface.exporters.name"] = "local/storyteller"
    package.user_defined_metadata["co.huggingface.exporters.task"] = "text-generation"
    path = os.path.join(arguments.model, "model.mlpackage")
    shutil.rmtree(path, ignore_errors=True)
    package.save(path)
    put_back(m, path)

    tokenizer = Tokenizer.from_file(os.path.join(arguments.checkpoint, "tokenizer.json"))
    tokenizer.save(os.path.join(arguments.model, "tokenizer.json"))
    dimensions = ("vocab", "hidden", "layers", "heads", "kv", "hd", "ffn", "eps", "theta", "ctx", "tie")
    write_json(os.path.join(arguments.model, "config.json"), {name: getattr(c, name) for name in dimensions})
    write_json(
        os.path.join(arguments.model, "tokenizer_config.json"),
        dict(
            tokenizer_class="PreTrainedTokenizerFast", bos_token="<|story|>", eos_token="<|endoftext|>",
            model_max_length=c.ctx, clean_up_tokenization_spaces=False,
        ),
    )  # fmt: skip
    write_json(
        os.path.join(arguments.model, "generation_config.json"),
        dict(bos_token_id=1, eos_token_id=0, do_sample=True, temperature=0.6, top_k=40),
    )

    answers = []
    for prompt in PROMPTS:
        ids = tokenizer.encode(prompt).ids
        tokens, margins = greedy(m, ids, 160, 0)
        answers.append(dict(prompt=prompt, ids=ids, greedy=tokens, margin=margins, text=tokenizer.decode(tokens)))
        print(prompt + tokenizer.decode(tokens))
    write_json(os.path.join(arguments.answers, "generation.json"), answers)
    tensors = {}
    runs = [record(m, c.vocab, plan, tensors, f"r{i}") for i, plan in enumerate(((5, 1, 1), (9, 1)))]
    write_cases(
        arguments.answers, "the embedded default model", "int4", tensors, runs, os.path.relpath(path, arguments.answers)
    )


if __name__ == "__main__":
    main()
