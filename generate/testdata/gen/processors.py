"""Writes ../processors.json, ../beams.json and ../guidance.json: what transformers 5.24 makes of some logits.

The processors and warpers are those that GenerationMixin._get_logits_processor makes for a random GenerationConfig, in
its order. Beams and guidance are of generate() itself, over a model whose logits are a function of the last two tokens
(table below), which generate/beam_test.go has too. Run, with torch and transformers==5.24.0: python processors.py
"""

import json
import pathlib
import random

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM
from transformers.modeling_outputs import CausalLMOutputWithPast

OUT = pathlib.Path(__file__).parent.parent
VOCAB = 40
ENDS = [0, 7]


def tiny(cls=LlamaForCausalLM, vocab=VOCAB):
    config = LlamaConfig(vocab_size=vocab, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1,
                         num_key_value_heads=1, max_position_embeddings=128, bos_token_id=None, eos_token_id=None, pad_token_id=0)
    return cls(config).eval()


def randoms(r, prompt):
    """Some settings, each off more often than not."""
    chance = lambda p=0.3: r.random() < p
    ids = lambda low, high: [r.randrange(VOCAB) for _ in range(r.randint(low, high))]
    s = {}
    if chance():
        s["repetition_penalty"] = round(r.uniform(0.6, 1.8), 2)
    if chance():
        s["no_repeat_ngram_size"] = r.randint(1, 4)
    if chance():
        s["bad_words_ids"] = [ids(1, 3) for _ in range(r.randint(1, 5))] + [[ENDS[0]]]
    if chance():
        s["sequence_bias"] = [[ids(1, 3), round(r.uniform(-5, 5), 2)] for _ in range(r.randint(1, 6))]
    if chance():
        s["min_length"] = r.randint(1, 14)
    if chance():
        s["min_new_tokens"] = r.randint(1, 8)
    if chance(0.15):
        s["forced_bos_token_id"] = r.randrange(1, VOCAB)
    if chance(0.15):
        s["forced_eos_token_id"] = r.choice([ENDS[0], ENDS])
    if chance():
        s["suppress_tokens"] = ids(1, 5)
    if chance():
        s["begin_suppress_tokens"] = ids(1, 5)
    if chance(0.8):
        s["do_sample"] = True
        if chance(0.6):
            s["temperature"] = round(r.uniform(0.3, 2.5), 2)
        if chance():
            s["top_k"] = r.randint(1, VOCAB + 5)
        if chance():
            s["top_p"] = round(r.uniform(0.05, 0.99), 2)
        if chance():
            s["min_p"] = round(r.uniform(0.0, 0.5), 3)
        if chance(0.5):
            s["typical_p"] = round(r.uniform(0.05, 0.99), 2)
        if chance():
            s["epsilon_cutoff"] = round(r.uniform(0.001, 0.2), 4)
        if chance():
            s["eta_cutoff"] = round(r.uniform(0.001, 0.3), 4)
    return s


def contradicts(s):
    """Whether a token is forced that is also suppressed: an error there as here."""
    forced = [s["forced_bos_token_id"]] if "forced_bos_token_id" in s else []
    ends = s.get("forced_eos_token_id", [])
    ends = ends if isinstance(ends, list) else [ends]
    never = s.get("suppress_tokens", []) + s.get("begin_suppress_tokens", [])
    return any(t in never for t in forced) or bool(ends) and all(t in never for t in ends)


def one(r, model, settings=None):
    prompt, answer = r.choice([1, 2, 5, 9]), r.choice([0, 0, 1, 3, 6])
    few = r.choice([4, 10, VOCAB])  # few different tokens repeat
    ids = [r.randrange(few) for _ in range(prompt + answer)]
    most = prompt + r.choice([answer + 1, 8, 12])
    logits = [round(r.gauss(0, r.choice([0.5, 2, 4])), 3) for _ in range(VOCAB)]
    s = randoms(r, prompt) if settings is None else settings
    while settings is None and contradicts(s):
        s = randoms(r, prompt)
    config = GenerationConfig(**{"do_sample": False, "top_k": 0, **s}, eos_token_id=ENDS, max_length=most)
    model._prepare_special_tokens(config, device="cpu")
    chain = model._get_logits_processor(generation_config=config, input_ids_seq_length=prompt, device="cpu", model_kwargs={})
    scores = chain(torch.tensor([ids]), torch.tensor([logits], dtype=torch.float32))[0]
    probs = torch.softmax(scores.double(), dim=-1)
    return {"ids": ids, "prompt": prompt, "most": most, "logits": logits, "settings": s,
            "left": [i for i in range(VOCAB) if scores[i] > float("-inf")],
            "scores": [round(float(x), 6) for x in scores if x > float("-inf")],
            "probs": [round(float(p), 9) for p, x in zip(probs, scores) if x > float("-inf")]}


def cases():
    r, model = random.Random(11), tiny()
    out = [one(r, model) for _ in range(260)]
    single = [{"typical_p": 0.3}, {"typical_p": 0.95}, {"epsilon_cutoff": 0.05}, {"eta_cutoff": 0.1}, {"eta_cutoff": 0.002}]
    out += [one(r, model, {"do_sample": True, **s}) for s in single for _ in range(4)]
    alone = [{"no_repeat_ngram_size": 2}, {"bad_words_ids": [[1], [2, 3], [1, 2, 3]]}, {"sequence_bias": [[[1], 2.0], [[2, 1], -4.0]]},
             {"min_length": 10}, {"min_new_tokens": 4}, {"suppress_tokens": [1, 2, 3]}, {"begin_suppress_tokens": [4, 5]},
             {"forced_bos_token_id": 9}, {"forced_eos_token_id": 7}, {"repetition_penalty": 1.4}]
    out += [one(r, model, s) for s in alone for _ in range(5)]
    return out


# The model of beams and guidance. WIDE is the number of logits of the stand-in in generate's tests.
WIDE = 991


def table(a, b):
    """The logits behind the tokens a and b. All numbers are exact in float32."""
    v = torch.arange(WIDE, dtype=torch.int64)
    x = (a * 7919 + b * 104729 + v * 1299709 + (v * v % 1009) * (b % 97 + 3)) % 10007
    y = x.float() / 1024
    y[0] += 2.5  # the end token comes now and then
    return y


class Table(LlamaForCausalLM):
    def forward(self, input_ids=None, **_):
        rows = [table(int(s[-2]) if len(s) > 1 else 0, int(s[-1])) for s in input_ids]
        return CausalLMOutputWithPast(logits=torch.stack(rows)[:, None, :])


def beams():
    r, model, out = random.Random(5), tiny(Table, WIDE), []
    for i in range(60):
        prompt = [r.randrange(1, WIDE) for _ in range(r.randint(1, 5))]
        s = {"num_beams": r.choice([2, 3, 4, 5, 8]), "length_penalty": r.choice([1.0, 1.0, 0.0, -1.0, 0.6, 2.0]),
             "early_stopping": r.choice([False, False, True, "never"]), "max_new_tokens": r.choice([1, 2, 5, 9, 14])}
        s["num_return_sequences"] = r.randint(1, s["num_beams"])
        if r.random() < 0.3:
            s["no_repeat_ngram_size"] = r.choice([1, 2])
        if r.random() < 0.3:
            s["repetition_penalty"] = 1.3
        if r.random() < 0.2:
            s["min_new_tokens"] = 3
        got = model.generate(torch.tensor([prompt]), do_sample=False, use_cache=False, eos_token_id=0, pad_token_id=WIDE - 1,
                             return_dict_in_generate=True, output_scores=True, **s)
        answers = []
        for row in got.sequences[:, len(prompt):].tolist():
            while row and row[-1] == WIDE - 1:
                row.pop()
            answers.append(row)
        out.append({"prompt": prompt, "settings": s, "answers": answers, "scores": [float(x) for x in got.sequences_scores]})
    return out


def guidance():
    r, model, out = random.Random(6), tiny(Table, WIDE), []
    for i in range(24):
        prompt = [r.randrange(1, WIDE) for _ in range(r.randint(1, 5))]
        s = {"guidance_scale": r.choice([1.5, 2.0, 4.0, 0.5, 0.0, -1.0]), "max_new_tokens": 9}
        negative = [r.randrange(1, WIDE) for _ in range(r.randint(1, 4))] if r.random() < 0.7 else None
        got = model.generate(torch.tensor([prompt]), do_sample=False, use_cache=False, eos_token_id=0, pad_token_id=WIDE - 1,
                             negative_prompt_ids=None if negative is None else torch.tensor([negative]), **s)
        out.append({"prompt": prompt, "negative": negative, "settings": s, "answer": got[0, len(prompt):].tolist()})
    return out


def write(name, cases):
    (OUT / name).write_text(json.dumps(cases, separators=(",", ":")).replace('},{"', '},\n{"') + "\n")
    print(name, len(cases))


if __name__ == "__main__":
    torch.manual_seed(0)
    write("processors.json", cases())
    write("beams.json", beams())
    write("guidance.json", guidance())
