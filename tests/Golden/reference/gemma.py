"""
Gemma 3: its decoder as a full pass (four norms a layer, norms of 1 + w, windows, two rotary bases, an image that sees
itself both ways), the names and shapes of its tensors, its tokenizer's added tokens.
"""

import math

import torch
from torch.nn.functional import gelu

from .decoder import Decoder, Pass, Shape
from .siglip import tower_shapes, wide_norm
from .towers import linear, rotated, split_heads

ROOT = "language_model.model."
START, SOFT, END = "<start_of_image>", "<image_soft_token>", "<end_of_image>"


def shape_of(text):
    return Shape(
        layers=text["num_hidden_layers"],
        heads=text.get("num_attention_heads", 8),
        kv_heads=text.get("num_key_value_heads", 4),
        head_dim=text.get("head_dim", 256),
        eps=1e-6,
        theta=text.get("rope_theta", 1e6),
        sections=[],
    )


class GemmaDecoder(Decoder):
    def __init__(self, weights, text):
        super().__init__(weights, shape_of(text), None)
        self.window, self.local = text["sliding_window"], text.get("rope_local_base_freq", 1e4)
        self.divisor = (text.get("rope_scaling") or {}).get("factor", 1)
        self.scale = text.get("query_pre_attn_scalar", 256) ** -0.5
        self.pattern = text.get("sliding_window_pattern", 6)
        root = torch.tensor(text["hidden_size"] ** 0.5)
        self.factor = root.to(torch.bfloat16).double()  # as the published weights run

    def embedded(self, ids):
        return self.weights[ROOT + "embed_tokens.weight"][torch.tensor(ids)] * self.factor

    def norm(self, name, x):
        return wide_norm(self.weights[name + ".weight"], x, self.shape.eps)

    def slides(self, n):
        return (n + 1) % self.pattern != 0

    def turned(self, x, positions, n):
        half = self.shape.head_dim // 2
        theta, divisor = (self.local, 1) if self.slides(n) else (self.shape.theta, self.divisor)
        speeds = theta ** (-torch.arange(half, dtype=torch.float64) / half) / divisor
        return rotated(x, positions[0].double()[:, None] * speeds)

    def hidden(self, tokens, image, n):
        """[queries, keys]: minus infinity where a layer's query does not see a key."""
        at = torch.arange(tokens)
        in_image = torch.isin(at, image)
        seen = (at[None] <= at[:, None]) | (in_image[:, None] & in_image[None])
        if self.slides(n):
            seen &= at[:, None] - at[None] < self.window
        return torch.zeros(tokens, tokens, dtype=torch.float64).masked_fill(~seen, -math.inf)

    def run(self, x, positions, image, ablation=None, deep=()):
        shape, tokens, behind = self.shape, x.shape[0], int(image[-1]) + 1
        group = shape.heads // shape.kv_heads
        all_keys, all_values, attention = [], [], []
        for n in range(shape.layers):
            layer = f"{ROOT}layers.{n}."
            y = self.norm(layer + "input_layernorm", x)
            q, k, v = (
                split_heads(linear(self.weights, f"{layer}self_attn.{part}_proj", y), heads)
                for part, heads in (("q", shape.heads), ("k", shape.kv_heads), ("v", shape.kv_heads))
            )
            q = self.turned(self.norm(layer + "self_attn.q_norm", q), positions, n)
            k = self.turned(self.norm(layer + "self_attn.k_norm", k), positions, n)
            all_keys.append(k[:, image])
            all_values.append(v[:, image])
            k, v = k.repeat_interleave(group, 0), v.repeat_interleave(group, 0)
            hidden = self.hidden(tokens, image, n)
            scores = q @ k.transpose(-1, -2) * self.scale + hidden
            weight = torch.softmax(scores, -1)
            attention.append(weight[:, behind:, image].sum(-1).mean(-1))
            out = weight @ v
            if ablation is not None:
                seen = (scores[:, behind:], hidden[behind:, image])
                ablated = self.replaced(*seen, q[:, behind:], v, n, image, group, ablation)
                out = torch.cat([out[:, :behind], ablated], 1)
            y = linear(self.weights, layer + "self_attn.o_proj", out.transpose(0, 1).flatten(1))
            x = x + self.norm(layer + "post_attention_layernorm", y)
            y = self.norm(layer + "pre_feedforward_layernorm", x)
            gate, up = (linear(self.weights, f"{layer}mlp.{part}_proj", y) for part in ("gate", "up"))
            y = linear(self.weights, layer + "mlp.down_proj", gelu(gate, approximate="tanh") * up)
            x = x + self.norm(layer + "post_feedforward_layernorm", y)
        logits = self.norm(ROOT + "norm", x) @ self.weights[ROOT + "embed_tokens.weight"].T
        return Pass(logits, torch.stack(all_keys), torch.stack(all_values), torch.stack(attention))

    def replaced(self, scores, hidden, q, v, n, image, group, ablation):
        """As `of_suffix`; a pair that the layer's window hides stays hidden under every baseline."""
        baseline = ablation.baseline
        if baseline.keys is None:
            others = torch.full_like(scores[:, :, image], -math.inf)
            other_values = torch.zeros_like(v[:, image])
        else:
            keys = baseline.keys[n].repeat_interleave(group, 0)
            others = q @ keys.transpose(-1, -2) * self.scale + hidden
            other_values = baseline.values[n].repeat_interleave(group, 0)
        if ablation.gates is not None:
            replaced = self.mixed(scores, others, torch.zeros_like(others), v, other_values, image)
            gate = ablation.gates[n][:, None, None]
            return gate * (torch.softmax(scores, -1) @ v) + (1 - gate) * replaced
        return self.mixed(scores, others, ablation.intact[n], v, other_values, image)


def shapes_of(config):
    """Every tensor of a Gemma 3; the head is the embedding."""
    text, vision = config["text_config"], config["vision_config"]
    shape, d, inner = shape_of(text), text["hidden_size"], text["intermediate_size"]
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    shapes = tower_shapes(vision) | {
        "multi_modal_projector.mm_input_projection_weight": (vision["hidden_size"], d),
        "multi_modal_projector.mm_soft_emb_norm.weight": (vision["hidden_size"],),
        ROOT + "embed_tokens.weight": (text["vocab_size"], d),
        ROOT + "norm.weight": (d,),
    }
    norms = ["input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"]
    for n in range(shape.layers):
        layer = f"{ROOT}layers.{n}."
        shapes |= {f"{layer}{norm}.weight": (d,) for norm in norms}
        shapes |= {f"{layer}self_attn.{part}_norm.weight": (shape.head_dim,) for part in "qk"}
        shapes |= {
            layer + "self_attn.q_proj.weight": (queries, d),
            layer + "self_attn.k_proj.weight": (keys, d),
            layer + "self_attn.v_proj.weight": (keys, d),
            layer + "self_attn.o_proj.weight": (d, queries),
            layer + "mlp.gate_proj.weight": (inner, d),
            layer + "mlp.up_proj.weight": (inner, d),
            layer + "mlp.down_proj.weight": (d, inner),
        }
    return shapes


def value(name, shape, normal):
    """
    A tensor's values, or None where they are drawn as any other family's. The head is the embedding: small rows and
    layers that add much to them, so that the last token of the prompt is not its own answer.
    """
    if name.endswith(("layernorm.weight", "norm.weight")) and not name.startswith("vision_tower"):
        sharp = name.endswith(("q_norm.weight", "k_norm.weight"))
        added = name.endswith(("post_attention_layernorm.weight", "post_feedforward_layernorm.weight"))
        last = name == ROOT + "norm.weight"
        return 0.1 * normal + (0.5 if sharp else 2 if added or last else 0)
    if name.endswith("mm_input_projection_weight"):
        return normal / shape[0] ** 0.5
    return 0.2 * normal if name.endswith("embed_tokens.weight") else None


def expanded(prompt, count):
    """The picture as the processor writes it, between blank lines; the tokenizer puts <bos> in front."""
    picture = f"\n\n{START}{SOFT * count}{END}\n\n"
    return prompt.removeprefix("<bos>").replace(START, picture)


def added_tokens(first_behind):
    """Added tokens of a small vocabulary by id, (text, special): the published kinds of them, fewer of each."""
    texts = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "[multimodal]", "<unused0>", "<unused1>"]
    texts += ["<start_of_turn>", "<end_of_turn>", *("\n" * n for n in range(1, 9)), *("\u2581" * n for n in range(2, 7))]
    texts += ["<table>", "</table>", START, END]
    special = {"<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>", START, END, SOFT}
    return {i: (text, text in special) for i, text in [*enumerate(texts), (first_behind, SOFT)]}
