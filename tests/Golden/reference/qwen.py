"""Vision towers of Qwen2.5-VL and Qwen3-VL: tensors, and the way from pixel values to the image's tokens."""

import math

import torch
from torch.nn.functional import gelu, silu

from .towers import joined_heads, layer_norm, linear, rotated, split_heads


def in_merge_order(values):
    """[rows, columns, ..] as [patches, ..]: blocks of 2 x 2 row by row, inside a block row by row."""
    rows, columns = values.shape[:2]
    blocks = values.reshape(rows // 2, 2, columns // 2, 2, *values.shape[2:])
    return blocks.transpose(1, 2).reshape(rows * columns, *values.shape[2:])


def places(grid):
    """Row and column of each patch, [patches, 2]."""
    rows, columns = (torch.arange(n, dtype=torch.float64) for n in grid)
    return in_merge_order(torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1))


def angles_of(at, head):
    """A quarter of a head's dimensions turns with the row, a quarter with the column; each twice."""
    speeds = 10000.0 ** (-torch.arange(head // 4, dtype=torch.float64) / (head // 4))
    return torch.cat([at[:, :1] * speeds, at[:, 1:] * speeds], -1)


def attention(weights, block, x, heads, angles, hidden):
    """hidden [patches, patches]: 0 or minus infinity."""
    q, k, v = (split_heads(part, heads) for part in linear(weights, block + "attn.qkv", x).chunk(3, -1))
    q, k = rotated(q, angles), rotated(k, angles)
    weight = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + hidden, -1)
    return linear(weights, block + "attn.proj", joined_heads(weight @ v))


def rms_norm(weights, name, x):
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6) * weights[name + ".weight"]


def window_tokens(weights, config, pixels, grid):
    """
    Qwen2.5-VL: patches of other windows are hidden, but in the full blocks. The published code sorts the patches by
    window instead and sorts them back, which comes to the same.
    """
    at = places(grid)
    side = config["window_size"] // config["spatial_merge_size"] // config["patch_size"] * 2  # patches
    window = at // side
    apart = (window[:, None] != window[None]).any(-1)
    hidden = torch.zeros(len(at), len(at), dtype=torch.float64).masked_fill(apart, -math.inf)
    angles = angles_of(at, config["hidden_size"] // config["num_heads"])
    x = pixels @ weights["visual.patch_embed.proj.weight"].flatten(1).T
    states = [x]
    for n in range(config["depth"]):
        block = f"visual.blocks.{n}."
        mask = torch.zeros_like(hidden) if n in config["fullatt_block_indexes"] else hidden
        x = x + attention(weights, block, rms_norm(weights, block + "norm1", x), config["num_heads"], angles, mask)
        y = rms_norm(weights, block + "norm2", x)
        gate, up, down = (f"{block}mlp.{part}_proj" for part in ("gate", "up", "down"))
        x = x + linear(weights, down, silu(linear(weights, gate, y)) * linear(weights, up, y))
        states.append(x)
    x = rms_norm(weights, "visual.merger.ln_q", x).reshape(len(at) // 4, -1)
    tokens = linear(weights, "visual.merger.mlp.2", gelu(linear(weights, "visual.merger.mlp.0", x)))
    return tokens, {"vision_states": torch.stack(states)}


def between(table, grid):
    """A square table [side, side, d] read at the grid's patches, its corners on theirs. [patches, d]"""
    side = table.shape[0]
    at = [torch.linspace(0, side - 1, n, dtype=torch.float32).double() for n in grid]
    low = [a.long() for a in at]
    high = [(a + 1).clip(max=side - 1) for a in low]
    down, right = (at[0] - low[0])[:, None, None], (at[1] - low[1])[None, :, None]
    upper = table[low[0]][:, low[1]] * (1 - right) + table[low[0]][:, high[1]] * right
    lower = table[high[0]][:, low[1]] * (1 - right) + table[high[0]][:, high[1]] * right
    return in_merge_order(upper * (1 - down) + lower * down)


def deep_merger(weights, name, x, joins_first):
    """Four patches to a token; the norm is over the four where they are joined first."""
    width = x.shape[-1]
    x = layer_norm(weights, name + "norm", x.reshape(-1, 4 * width) if joins_first else x, 1e-6).reshape(-1, 4 * width)
    return linear(weights, name + "linear_fc2", gelu(linear(weights, name + "linear_fc1", x)))


def deep_tokens(weights, config, pixels, grid):
    """Qwen3-VL: learned positions, full attention, mergers behind some blocks besides the last."""
    tower, at = "model.visual.", places(grid)
    table = weights[tower + "pos_embed.weight"]
    side = math.isqrt(table.shape[0])
    positions = between(table.reshape(side, side, -1), grid)
    nothing = torch.zeros(len(at), len(at), dtype=torch.float64)
    angles = angles_of(at, config["hidden_size"] // config["num_heads"])
    kernel, bias = (weights[f"{tower}patch_embed.proj.{part}"] for part in ("weight", "bias"))
    x = pixels @ kernel.flatten(1).T + bias + positions
    states, deep = [x], []
    for n in range(config["depth"]):
        block = f"{tower}blocks.{n}."
        y = layer_norm(weights, block + "norm1", x, 1e-6)
        x = x + attention(weights, block, y, config["num_heads"], angles, nothing)
        y = linear(weights, block + "mlp.linear_fc1", layer_norm(weights, block + "norm2", x, 1e-6))
        x = x + linear(weights, block + "mlp.linear_fc2", gelu(y, approximate="tanh"))
        states.append(x)
        if n in config["deepstack_visual_indexes"]:
            merger = config["deepstack_visual_indexes"].index(n)
            deep.append(deep_merger(weights, f"{tower}deepstack_merger_list.{merger}.", x, joins_first=True))
    kept = {
        "vision_states": torch.stack(states),
        "vision_positions": positions,
        "deepstack_features": torch.stack(deep),
    }
    return deep_merger(weights, tower + "merger.", x, joins_first=False), kept


def window_shapes(vision):
    """Tensors of Qwen2.5-VL's tower."""
    d, inner = vision["hidden_size"], vision["intermediate_size"]
    patch = (vision["temporal_patch_size"], vision["patch_size"], vision["patch_size"])
    shapes = {"visual.patch_embed.proj.weight": (d, 3, *patch), "visual.merger.ln_q.weight": (d,)}
    layers = {"visual.merger.mlp.0": (4 * d, 4 * d), "visual.merger.mlp.2": (vision["out_hidden_size"], 4 * d)}
    for n in range(vision["depth"]):
        block = f"visual.blocks.{n}."
        shapes |= {block + "norm1.weight": (d,), block + "norm2.weight": (d,)}
        layers |= {
            block + "attn.qkv": (3 * d, d),
            block + "attn.proj": (d, d),
            block + "mlp.gate_proj": (inner, d),
            block + "mlp.up_proj": (inner, d),
            block + "mlp.down_proj": (d, inner),
        }
    return shapes | with_biases(layers)


def deep_shapes(vision):
    """Tensors of Qwen3-VL's tower."""
    tower, d, inner = "model.visual.", vision["hidden_size"], vision["intermediate_size"]
    patch = (vision["temporal_patch_size"], vision["patch_size"], vision["patch_size"])
    layers = {tower + "patch_embed.proj": (d, 3, *patch)}
    mergers = {tower + "merger.": d}
    mergers |= {f"{tower}deepstack_merger_list.{k}.": 4 * d for k, _ in enumerate(vision["deepstack_visual_indexes"])}
    for merger, normed in mergers.items():
        layers |= {
            merger + "norm": (normed,),
            merger + "linear_fc1": (4 * d, 4 * d),
            merger + "linear_fc2": (vision["out_hidden_size"], 4 * d),
        }
    for n in range(vision["depth"]):
        block = f"{tower}blocks.{n}."
        layers |= {
            block + "norm1": (d,),
            block + "norm2": (d,),
            block + "attn.qkv": (3 * d, d),
            block + "attn.proj": (d, d),
            block + "mlp.linear_fc1": (inner, d),
            block + "mlp.linear_fc2": (d, inner),
        }
    return {tower + "pos_embed.weight": (vision["num_position_embeddings"], d)} | with_biases(layers)


def with_biases(names):
    """[out, in] of linear layers and (n,) of norms, each with its bias."""
    shapes = {}
    for name, shape in names.items():
        shapes[name + ".weight"], shapes[name + ".bias"] = shape, (shape[0],)
    return shapes
