"""Trains the storyteller from nothing: first the tokenizer, then the model, with the
4-bit rounding of its weights in the loop at the end.

    python train.py --out DIRECTORY [--steps N]

Half an hour to an hour on two cores. The result is a model of the same kind and
quality as the embedded one, not the same bytes: training in floating point depends
on the machine.
"""
import argparse
import dataclasses
import json
import math
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import torch
import torch.nn as nn
import torch.nn.functional as F
from decoder import Config, Decoder, rotate
from grammar import Stories
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

END, START = "<|endoftext|>", "<|story|>"
BLOCK = 32  # weights per scale, as the package stores them


def train_tokenizer(stories, path):
    """A byte-level BPE that puts the start token before every text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        stories,
        trainers.BpeTrainer(
            vocab_size=1024, special_tokens=[END, START], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
        ),
    )
    tokenizer.post_processor = processors.TemplateProcessing(single=START + " $A", special_tokens=[(START, 1)])
    tokenizer.save(path)
    return tokenizer


def straight_through(w):
    """The weight as 4 bits per block would give it, with the gradient of the weight itself."""
    blocks = w.view(w.shape[0], -1, BLOCK)
    scale = (blocks.abs().amax(-1, keepdim=True) / 7.5).clamp_min(1e-8)
    rounded = (blocks / scale).round().clamp(-8, 7) * scale
    return w + (rounded.view_as(w) - w).detach()


def forward(m, x, weight):
    """The whole window at once, without a cache."""
    c, (batch, n) = m.c, x.shape
    cos, sin = m.cos[:n], m.sin[:n]
    embedding = weight(m.emb.weight)
    h = F.embedding(x, embedding)
    for layer in m.layers:
        linear = lambda part, y: F.linear(y, weight(part.weight))
        y = layer.n1(h)
        q = linear(layer.q, y).view(batch, n, c.heads, c.hd).transpose(1, 2)
        k = linear(layer.k, y).view(batch, n, c.kv, c.hd).transpose(1, 2)
        v = linear(layer.v, y).view(batch, n, c.kv, c.hd).transpose(1, 2)
        q, k = q * cos + rotate(q) * sin, k * cos + rotate(k) * sin
        groups = c.heads // c.kv
        a = F.scaled_dot_product_attention(
            q, k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1), is_causal=True
        )
        h = h + linear(layer.o, a.transpose(1, 2).reshape(batch, n, c.heads * c.hd))
        y = layer.n2(h)
        h = h + linear(layer.d, F.silu(linear(layer.g, y)) * linear(layer.u, y))
    return F.linear(m.norm(h), embedding)  # the head is tied


def train(m, encoded, steps, peak, batch, window, seed, quantized_after=1.0):
    """Adam with a cosine schedule. Half of each batch begins at a story, half anywhere."""
    stream = torch.tensor([t for ids in encoded for t in ids])
    starts, at = [], 0
    for ids in encoded:
        starts.append(at)
        at += len(ids)
    starts = torch.tensor(starts[:-4])
    optimizer = torch.optim.AdamW(m.parameters(), lr=peak, betas=(0.9, 0.95), weight_decay=0.03)
    source, began = torch.Generator().manual_seed(seed), time.time()
    for step in range(steps):
        weight = straight_through if step >= steps * quantized_after else lambda w: w
        rate = peak * min(1, (step + 1) / 60) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        at_stories = starts[torch.randint(0, len(starts), (batch // 2,), generator=source)]
        anywhere = torch.randint(0, len(stream) - window - 1, (batch // 2,), generator=source)
        index = torch.cat((at_stories, anywhere)).clamp_max(len(stream) - window - 2)
        x = torch.stack([stream[i : i + window] for i in index])
        y = torch.stack([stream[i + 1 : i + window + 1] for i in index])
        loss = F.cross_entropy(forward(m, x, weight).view(-1, m.c.vocab), y.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0 or step == steps - 1:
            print(f"step {step} loss {loss.item():.4f} seconds {time.time() - began:.0f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--steps", type=int, default=3200, help="of both parts together")
    parser.add_argument("--stories", type=int, default=90000)
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)

    source = Stories()
    plain = [source.story() for _ in range(arguments.stories * 2 // 3)]
    tokenizer = train_tokenizer(plain, os.path.join(arguments.out, "tokenizer.json"))
    encode = lambda stories: [e.ids + [0] for e in tokenizer.encode_batch(stories)]

    c = Config(vocab=tokenizer.get_vocab_size(), layers=6, ffn=384, ctx=512, tie=True)
    torch.manual_seed(1)
    m = Decoder(c)
    for name, p in m.named_parameters():
        if p.ndim > 1:
            nn.init.normal_(p, std=0.05 if "emb" in name else 0.08)
    first = arguments.steps * 13 // 32
    train(m, encode(plain), first, 2e-3, 12, 176, 3)
    varied = Stories()
    stories = [varied.varied_story() for _ in range(arguments.stories)]
    train(m, encode(stories), arguments.steps - first, 1.6e-3, 16, 192, 11, quantized_after=0.72)

    torch.save(m.state_dict(), os.path.join(arguments.out, "checkpoint.pt"))
    with open(os.path.join(arguments.out, "decoder.json"), "w") as f:
        json.dump(dataclasses.asdict(c), f, indent=1)


if __name__ == "__main__":
    main()
