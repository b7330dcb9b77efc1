"""
The decoder of all families as a full pass over all tokens, with the image's keys and values replaced for the queries
of the suffix as a mask says. Nothing is cached and nothing is left out.
"""

import math
from dataclasses import dataclass

import torch

from .towers import linear, rotated, split_heads


@dataclass
class Shape:
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    eps: float
    theta: float
    sections: list  # of half a head's dimensions, by (time, row, column); empty where positions are single numbers
    head_norms: bool = False  # queries and keys are normed head by head, before they turn (Qwen3)
    interleaved: bool = False  # the sections' dimensions lie among each other, one by one (Qwen3-VL)


@dataclass
class Baseline:
    """What ablated pairs find: keys and values [L, K, P, d], or nothing at all (knockout)."""

    keys: torch.Tensor = None
    values: torch.Tensor = None


@dataclass
class Ablation:
    """
    Pairs of suffix query and image key that are intact, [L, H, T, P] of ones and zeros; or gates [L, H] between the
    outputs of two softmaxes, one over the image's own keys and one over the baseline's.
    """

    baseline: Baseline
    intact: torch.Tensor = None
    gates: torch.Tensor = None


@dataclass
class Pass:
    logits: torch.Tensor  # [tokens, V]
    keys: torch.Tensor  # [L, K, P, d], keys turned
    values: torch.Tensor
    attention: torch.Tensor  # [L, H]: mean over suffix queries of the weight on the image


class Decoder:
    def __init__(self, weights, shape, names):
        self.weights, self.shape, self.names = weights, shape, names

    def embedded(self, ids):
        return self.weights[self.names.embedding][torch.tensor(ids)]

    def norm(self, name, x):
        scale = torch.rsqrt((x * x).mean(-1, keepdim=True) + self.shape.eps)
        return x * scale * self.weights[name + ".weight"]

    def angles(self, positions):
        """positions [3, tokens]; a text token has the same three. [tokens, d/2]"""
        half = self.shape.head_dim // 2
        speeds = self.shape.theta ** (-torch.arange(half, dtype=torch.float64) / half)
        return positions.double()[self.streams(half)].T * speeds

    def streams(self, half):
        """Which of time, row and column each of half a head's dimensions turns with."""
        sections = self.shape.sections or [half]
        if not self.shape.interleaved:
            return torch.cat([torch.full((n,), axis) for axis, n in enumerate(sections)]).long()
        streams = torch.zeros(half, dtype=torch.long)
        for axis in (1, 2):
            streams[axis : 3 * sections[axis] : 3] = axis
        return streams

    def run(self, x, positions, image, ablation=None, deep=()):
        """
        x [tokens, hidden]: embeddings, the image's in their place; image [P]: where that is, in order. Queries behind
        the last of it are the suffix, answer tokens among them; tokens between its runs are the prefix's. deep:
        [P, hidden] each, added at the image behind layer 0, 1, ...
        """
        shape, names = self.shape, self.names
        tokens, behind = x.shape[0], int(image[-1]) + 1
        hidden = torch.triu(torch.full((tokens, tokens), -math.inf, dtype=x.dtype), 1)
        angles = self.angles(positions)
        group = shape.heads // shape.kv_heads
        all_keys, all_values, attention = [], [], []
        for n in range(shape.layers):
            q, k, v = names.queries_keys_values(self.weights, n, self.norm(names.norm1(n), x), shape)
            q, k = split_heads(q, shape.heads), split_heads(k, shape.kv_heads)
            if shape.head_norms:
                q, k = self.norm(names.head_norm(n, "q"), q), self.norm(names.head_norm(n, "k"), k)
            q, k = rotated(q, angles), rotated(k, angles)
            v = split_heads(v, shape.kv_heads)
            all_keys.append(k[:, image])
            all_values.append(v[:, image])
            k, v = k.repeat_interleave(group, 0), v.repeat_interleave(group, 0)
            scores = q @ k.transpose(-1, -2) / math.sqrt(shape.head_dim) + hidden
            weight = torch.softmax(scores, -1)
            attention.append(weight[:, behind:, image].sum(-1).mean(-1))
            out = weight @ v
            if ablation is not None:
                ablated = self.of_suffix(scores[:, behind:], q[:, behind:], v, n, image, group, ablation)
                out = torch.cat([out[:, :behind], ablated], 1)
            x = x + linear(self.weights, names.output(n), out.transpose(0, 1).flatten(1))
            y = self.norm(names.norm2(n), x)
            gate, up, down = (names.mlp(n, part) for part in ("gate", "up", "down"))
            y = torch.nn.functional.silu(linear(self.weights, gate, y)) * linear(self.weights, up, y)
            x = x + linear(self.weights, down, y)
            if n < len(deep):
                x = x.index_add(0, image, deep[n])
        logits = self.norm(names.last_norm, x) @ self.weights[names.head].T
        return Pass(logits, torch.stack(all_keys), torch.stack(all_values), torch.stack(attention))

    def of_suffix(self, scores, q, v, n, image, group, ablation):
        """Outputs [H, T, d] of the suffix queries of layer n with the ablation's keys and values for the image."""
        baseline = ablation.baseline
        if baseline.keys is None:
            others = torch.full_like(scores[:, :, image], -math.inf)
            other_values = torch.zeros_like(v[:, image])
        else:
            keys = baseline.keys[n].repeat_interleave(group, 0)
            others = q @ keys.transpose(-1, -2) / math.sqrt(self.shape.head_dim)
            other_values = baseline.values[n].repeat_interleave(group, 0)
        if ablation.gates is not None:
            own = torch.softmax(scores, -1) @ v
            replaced = self.mixed(scores, others, torch.zeros_like(others), v, other_values, image)
            gate = ablation.gates[n][:, None, None]
            return gate * own + (1 - gate) * replaced
        return self.mixed(scores, others, ablation.intact[n], v, other_values, image)

    @staticmethod
    def mixed(scores, others, intact, v, other_values, image):
        """One softmax over prefix, image and suffix; an image pair is the picture's own where intact is one."""
        mixed = torch.where(intact > 0, scores[:, :, image], others)
        weight = torch.softmax(scores.index_copy(-1, image, mixed), -1)
        on_image = weight[:, :, image]
        return weight.index_copy(-1, image, on_image * intact) @ v + (on_image * (1 - intact)) @ other_values


class LlamaNames:
    """LLaVA's and Qwen's decoders: separate projections, biases where the file has them."""

    def __init__(self, prefix, head):
        self.prefix = prefix
        self.embedding, self.last_norm, self.head = prefix + "embed_tokens.weight", prefix + "norm", head

    def layer(self, n):
        return f"{self.prefix}layers.{n}."

    def norm1(self, n):
        return self.layer(n) + "input_layernorm"

    def norm2(self, n):
        return self.layer(n) + "post_attention_layernorm"

    def output(self, n):
        return self.layer(n) + "self_attn.o_proj"

    def head_norm(self, n, part):
        return f"{self.layer(n)}self_attn.{part}_norm"

    def mlp(self, n, part):
        return f"{self.layer(n)}mlp.{part}_proj"

    def queries_keys_values(self, weights, n, x, shape):
        return (linear(weights, f"{self.layer(n)}self_attn.{part}_proj", x) for part in "qkv")


class InternLm2Names:
    """InternLM2: a matrix of groups, each the queries of a key/value head, its key and its value."""

    embedding = "language_model.model.tok_embeddings.weight"
    last_norm = "language_model.model.norm"
    head = "language_model.output.weight"

    def layer(self, n):
        return f"language_model.model.layers.{n}."

    def norm1(self, n):
        return self.layer(n) + "attention_norm"

    def norm2(self, n):
        return self.layer(n) + "ffn_norm"

    def output(self, n):
        return self.layer(n) + "attention.wo"

    def mlp(self, n, part):
        return f"{self.layer(n)}feed_forward.{ {'gate': 'w1', 'up': 'w3', 'down': 'w2'}[part] }"

    def queries_keys_values(self, weights, n, x, shape):
        group = shape.heads // shape.kv_heads
        parts = linear(weights, self.layer(n) + "attention.wqkv", x)
        parts = parts.unflatten(-1, (shape.kv_heads, group + 2, shape.head_dim))
        return parts[:, :, :group].flatten(1), parts[:, :, group].flatten(1), parts[:, :, group + 1].flatten(1)
