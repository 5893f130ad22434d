"""Makes testdata/vision: tiny models that see, each with PyTorch's greedy tokens.

    python make_vision.py --out ../../vision

language/ holds the packages for tokens, which all of them share. Every other folder has
a package for pictures in one of the forms that are published: an image or an array of
normalised numbers, channels first or last, one crop or several, with a projector. Needs
torch, coremltools 9 and pillow.
"""

import argparse
import json
import os
import shutil

import coremltools as ct
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

WIDTH, VOCABULARY, LONGEST, SIDE, PATCH, PLACEHOLDER, NEW = 16, 97, 96, 16, 8, 3, 8
PLACES = (SIDE // PATCH) ** 2


def half(*shape, scale=1.0):
    """Random weights that float16 holds exactly."""
    return nn.Parameter((torch.randn(*shape) * scale).half().float(), requires_grad=False)


class Embedding(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = half(VOCABULARY, WIDTH)

    def forward(self, ids):
        return F.embedding(ids.long(), self.table)


class Language(nn.Module):
    """One layer of attention over the whole text, and a head."""

    def __init__(self):
        super().__init__()
        self.qkv, self.up, self.down = half(3 * WIDTH, WIDTH, scale=0.4), half(32, WIDTH, scale=0.4), half(WIDTH, 32, scale=0.4)
        self.head = half(VOCABULARY, WIDTH, scale=0.6)

    def forward(self, x, mask):
        q, k, v = (x @ self.qkv.T).chunk(3, -1)
        w = torch.softmax(q @ k.transpose(1, 2) / WIDTH**0.5 + mask[:, 0], -1)
        x = x + w @ v
        x = x + torch.tanh(x @ self.up.T) @ self.down.T
        return x @ self.head.T


class Vision(nn.Module):
    """Patches of crops to rows; last says where the channels lie."""

    def __init__(self, width=WIDTH, last=False, joined=False):
        super().__init__()
        self.kernel, self.place = half(width, 3, PATCH, PATCH, scale=0.15), half(1, PLACES, width, scale=0.5)
        self.width, self.last, self.joined = width, last, joined

    def forward(self, x):
        if self.last:
            x = x.permute(0, 3, 1, 2)
        if self.joined:  # [1, crops, 3, side, side]
            x = x[0]
        x = F.conv2d(x, self.kernel, stride=PATCH).flatten(2).transpose(1, 2) + self.place
        x = x + torch.tanh(x)
        return x.reshape(1, -1, self.width) if self.joined else x


class Projector(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = half(WIDTH, width, scale=0.4)

    def forward(self, rows):
        return F.gelu(rows @ self.weight.T, approximate="tanh")


def convert(module, examples, inputs, output, path):
    with torch.no_grad():
        traced = torch.jit.trace(module, examples)
    m = ct.convert(traced, inputs=inputs, outputs=[ct.TensorType(name=output)], minimum_deployment_target=ct.target.iOS18,
                   compute_precision=ct.precision.FLOAT32, skip_model_load=True)
    m.save(path)


def picture(seed, width, height):
    g = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / SIDE
    a = np.stack([g.uniform(0, 200) * (x % 1) + g.uniform(0, 55), g.uniform(0, 200) * (y % 1) + g.uniform(0, 55),
                  255 * (((x * g.integers(2, 5)).astype(int) + (y * g.integers(2, 5)).astype(int)) % 2)], -1)
    return Image.fromarray(a.clip(0, 255).astype(np.uint8))


def crops_of(image, whole):
    """The crops of a picture, row by row, and the whole of it."""
    columns, rows = image.width // SIDE, image.height // SIDE
    parts = [image.crop((c * SIDE, r * SIDE, (c + 1) * SIDE, (r + 1) * SIDE)) for r in range(rows) for c in range(columns)]
    if whole and len(parts) > 1:
        small = image.reduce((columns, rows))
        parts = [small] + parts if whole == "first" else parts + [small]
    return [torch.tensor(np.asarray(p).astype(np.float32)) for p in parts]


def greedy(embed, language, ids, rows):
    tokens, margins = list(ids), []
    for _ in range(NEW):
        x = embed(torch.tensor([tokens])).clone()
        x[0, [i for i, t in enumerate(ids) if t == PLACEHOLDER]] = rows
        n = len(tokens)
        mask = torch.triu(torch.full((1, 1, n, n), float("-inf")), 1)
        top = language(x, mask)[0, -1].topk(2)
        tokens.append(int(top.indices[0]))
        margins.append(float(top.values[0] - top.values[1]))
    return tokens[len(ids):], margins


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    out = parser.parse_args().out
    shutil.rmtree(out, ignore_errors=True)
    torch.manual_seed(5)
    embed, language = Embedding().eval(), Language().eval()
    length = ct.RangeDim(1, LONGEST, default=1)
    convert(embed, torch.zeros(1, 4, dtype=torch.int32), [ct.TensorType(name="input_ids", shape=(1, length), dtype=np.int32)],
            "embeddings", f"{out}/language/embed_tokens.mlpackage")
    convert(language, (torch.zeros(1, 4, WIDTH), torch.zeros(1, 1, 4, 4)),
            [ct.TensorType(name="inputs_embeds", shape=(1, length, WIDTH), dtype=np.float32),
             ct.TensorType(name="causal_mask", shape=(1, 1, length, ct.RangeDim(1, LONGEST, default=1)), dtype=np.float32)],
            "logits", f"{out}/language/language_model.mlpackage")

    mean, std = [0.48, 0.45, 0.41], [0.27, 0.26, 0.28]
    clip = lambda x: (x / 255 - torch.tensor(mean)) / torch.tensor(std)
    image = dict(token=PLACEHOLDER)
    variants = [
        # The numbers come from preprocessor_config.json.
        dict(name="array-first", vision=Vision(), shape=(1, 3, SIDE, SIDE), array="pixel_values", prepare=clip,
             preprocessor=dict(do_rescale=True, rescale_factor=1 / 255, do_normalize=True, image_mean=mean, image_std=std), driver=image),
        # Blue first, channels last, -1 to 1, under a name that tells nothing.
        dict(name="array-last", vision=Vision(last=True), shape=(1, SIDE, SIDE, 3), array="x", prepare=lambda x: x.flip(-1) / 127.5 - 1, keep=True,
             driver=dict(image, package="vision.mlpackage", input="x",
                         pixels=dict(scale=1 / 127.5, mean=[1], std=[1], layout="channels_last", order="bgr"))),
        # All crops in one prediction.
        dict(name="crops-batch", vision=Vision(), shape=(5, 3, SIDE, SIDE), array="pixel_values", prepare=clip, whole="last", grids=[(2, 2), (4, 1)],
             driver=dict(image, crops=dict(most=4, whole="last"), pixels=dict(mean=mean, std=std))),
        # A crop after the other, as images, through a projector.
        dict(name="crops-projector", vision=Vision(width=12), prepare=lambda x: x / 127.5 - 1, whole="first", grids=[(1, 1), (2, 1), (2, 3)], projector=12,
             driver=dict(image, crops=dict(most=6, whole="first"))),
        # Crops along a flexible axis in front.
        dict(name="crops-joined", vision=Vision(joined=True), shape=(1, ct.RangeDim(1, 5, default=1), 3, SIDE, SIDE), array="pixel_values", prepare=clip,
             grids=[(1, 3)], driver=dict(image, places=PLACES, crops=dict(most=4), pixels=dict(mean=mean, std=std))),
    ]
    for v in variants:
        folder = f"{out}/{v['name']}"
        os.makedirs(folder)
        vision = v["vision"].eval()
        if v.get("array"):
            example = torch.zeros(*[s if isinstance(s, int) else 2 for s in v["shape"]])
            inputs = [ct.TensorType(name=v["array"], shape=v["shape"], dtype=np.float32)]
        else:
            example = torch.zeros(1, 3, SIDE, SIDE)
            inputs = [ct.ImageType(name="image", shape=example.shape, scale=1 / 127.5, bias=[-1, -1, -1], color_layout=ct.colorlayout.RGB)]
        convert(vision, example, inputs, "rows", f"{folder}/vision.mlpackage")
        project = nn.Identity()
        if v.get("projector"):
            project = Projector(v["projector"]).eval()
            convert(project, torch.zeros(1, PLACES, v["projector"]), [ct.TensorType(name="features", shape=(1, PLACES, v["projector"]), dtype=np.float32)],
                    "embeddings", f"{folder}/mm_projector.mlpackage")
        if v.get("preprocessor"):
            json.dump(v["preprocessor"], open(f"{folder}/preprocessor_config.json", "w"))
        json.dump(dict(image=v["driver"]), open(f"{folder}/driver.json", "w"), indent=1)
        cases = []
        for i, (rows_, columns) in enumerate(v.get("grids", [(1, 1), (1, 1)])):
            img = picture(10 * len(cases) + i, columns * SIDE, rows_ * SIDE)
            name = f"image{i}.png"
            img.save(f"{folder}/{name}")
            crops = [v["prepare"](c) for c in crops_of(img, v.get("whole"))]
            if not v.get("keep"):
                crops = [c.permute(2, 0, 1) for c in crops]
            with torch.no_grad():
                if vision.joined:
                    made = torch.cat([vision(c[None, None])[0] for c in crops])
                else:
                    made = torch.cat([project(vision(c[None]))[0] for c in crops])
                ids = [5, 9 + i] + [PLACEHOLDER] * len(made) + [11, 40, 7]
                tokens, margins = greedy(embed, language, ids, made)
            cases.append(dict(image=name, crops=len(crops), ids=ids, greedy=tokens, margin=margins))
        json.dump(cases, open(f"{folder}/generation.json", "w"), indent=1)


main()
