"""Writes ../sampling.json: what Hugging Face's logits processors leave of some logits.

The definitions are those of transformers' RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper,
TopKLogitsWarper, TopPLogitsWarper and MinPLogitsWarper, restated in numpy, in the order in which generate() applies
them. Scores are float32 as there. Run: python sampling.py
"""

import json
import pathlib

import numpy as np


def softmax(x):
    e = np.exp(x.astype(np.float64) - np.float64(x.max()))
    return e / e.sum()


def repetition_penalty(ids, scores, penalty):
    out = scores.copy()
    unique = np.unique(ids)
    score = scores[unique]
    out[unique] = np.where(score < 0, score * np.float32(penalty), score / np.float32(penalty))
    return out


def temperature(scores, value):
    return (scores / np.float32(value)).astype(np.float32)


def top_k(scores, k):
    k = min(k, scores.size)
    threshold = np.sort(scores)[-k]
    return np.where(scores < threshold, np.float32(-np.inf), scores)


def top_p(scores, p):
    order = np.argsort(scores, kind="stable")
    cumulative = softmax(scores)[order].cumsum()
    remove = cumulative <= 1 - p
    remove[-1] = False  # min_tokens_to_keep = 1
    out = scores.copy()
    out[order[remove]] = -np.inf
    return out


def min_p(scores, p):
    probs = softmax(scores)
    out = scores.copy()
    out[probs < p * probs.max()] = -np.inf
    return out


def case(name, logits, ids, penalty=0.0, temp=1.0, k=0, p=0.0, m=0.0):
    s = np.asarray(logits, dtype=np.float32)
    if penalty not in (0, 1):
        s = repetition_penalty(np.asarray(ids, dtype=int), s, penalty)
    if temp != 1:
        s = temperature(s, temp)
    if k:
        s = top_k(s, k)
    if p and p < 1:
        s = top_p(s, p)
    if m:
        s = min_p(s, m)
    probs = softmax(s)
    kept = np.nonzero(np.isfinite(s))[0]
    return {
        "name": name,
        "logits": [float(x) for x in np.asarray(logits, dtype=np.float32)],
        "ids": [int(i) for i in ids],
        "repetition_penalty": penalty, "temperature": temp, "top_k": k, "top_p": p, "min_p": m,
        "kept": kept.tolist(),
        "probs": [float(probs[i]) for i in kept],
    }


def main():
    rng = np.random.default_rng(7)
    wide = (rng.standard_normal(64) * 3).round(4)
    flat = (rng.standard_normal(300) * 0.3).round(4)
    ties = np.array([1, 3, 3, 2, 3, -1, 2, 0, 2, -4], dtype=np.float32)
    cases = [
        case("temperature alone keeps every token", wide, []),
        case("a low temperature sharpens", wide, [], temp=0.25),
        case("a high temperature flattens", wide, [], temp=3.5),
        case("top-k keeps the k likeliest", wide, [], k=5),
        case("top-k keeps all that tie with the last", ties, [], k=2),
        case("top-k above the vocabulary keeps all", ties, [], k=50),
        case("top-k of one is greedy but for ties", wide, [], k=1),
        case("top-p keeps the nucleus", wide, [], p=0.8),
        case("top-p keeps at least one token", wide, [], p=0.01),
        case("top-p of a flat distribution keeps many", flat, [], p=0.6),
        case("min-p follows the likeliest", wide, [], m=0.05),
        case("min-p of one keeps the likeliest", wide, [], m=1.0),
        case("repetition penalty divides and multiplies", wide, [0, 1, 2, 3, 3, 3, 60], penalty=1.3),
        case("repetition penalty below one rewards", wide, [4, 9, 16], penalty=0.7),
        case("penalty comes before temperature", wide, [5, 6, 7, 8], penalty=1.5, temp=0.5),
        case("temperature comes before top-p", wide, [], temp=2.0, p=0.7),
        case("top-k comes before top-p", flat, [], k=20, p=0.5),
        case("top-p comes before min-p", wide, [], temp=1.7, p=0.9, m=0.2),
        case("all together", wide, [1, 2, 3, 5, 8, 13, 21, 34, 55], penalty=1.2, temp=0.8, k=30, p=0.95, m=0.02),
        case("a ruled out token stays out", [1.0, float("-inf"), 0.5, 0.0], [1], penalty=1.2, temp=0.9, p=0.99),
    ]
    for c in cases:
        c["logits"] = [x if np.isfinite(x) else -1e38 for x in c["logits"]]
    cases[-1]["ruled_out"] = [1]
    out = pathlib.Path(__file__).parent.parent / "sampling.json"
    out.write_text(json.dumps(cases, separators=(",", ":")).replace("},{", "},\n{") + "\n")


main()
