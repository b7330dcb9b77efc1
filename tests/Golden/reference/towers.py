"""Vision towers and projectors: from pixel values to the image's tokens as the decoder sees them."""

import math

import torch
from torch.nn.functional import gelu

from .pictures import NextGeometry


def linear(weights, name, x):
    y = x @ weights[name + ".weight"].T
    return y + weights[name + ".bias"] if name + ".bias" in weights else y


def layer_norm(weights, name, x, eps):
    mean = x.mean(-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps) * weights[name + ".weight"] + weights[name + ".bias"]


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


def full_attention(q, k, v):
    """[.., heads, tokens, d] each; every token sees every other."""
    return torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), -1) @ v


def split_heads(x, heads):
    """[.., tokens, heads * d] as [.., heads, tokens, d]."""
    return x.unflatten(-1, (heads, x.shape[-1] // heads)).transpose(-2, -3)


def joined_heads(x):
    return x.transpose(-2, -3).flatten(-2)


def patches_of(pixels, patch):
    """[tiles, 3, side, side] as [tiles, patches, 3 * patch * patch], row by row."""
    tiles, channels, side, _ = pixels.shape
    n = side // patch
    cut = pixels.reshape(tiles, channels, n, patch, n, patch).permute(0, 2, 4, 1, 3, 5)
    return cut.reshape(tiles, n * n, channels * patch * patch)


def clip_states(weights, config, layer, pixels):
    """CLIP: the hidden states that layer `layer` (-2: all blocks but one) ends with, class token first."""
    tower = "vision_tower.vision_model."
    kernel = weights[tower + "embeddings.patch_embedding.weight"]
    x = patches_of(pixels, config["patch_size"]) @ kernel.flatten(1).T
    first = weights[tower + "embeddings.class_embedding"].expand(x.shape[0], 1, -1)
    x = torch.cat([first, x], 1) + weights[tower + "embeddings.position_embedding.weight"]
    x = layer_norm(weights, tower + "pre_layrnorm", x, 1e-5)
    for n in range(config["num_hidden_layers"] + 1 + layer):
        block = f"{tower}encoder.layers.{n}."
        y = layer_norm(weights, block + "layer_norm1", x, 1e-5)
        q, k, v = (
            split_heads(linear(weights, f"{block}self_attn.{part}_proj", y), config["num_attention_heads"])
            for part in "qkv"
        )
        x = x + linear(weights, block + "self_attn.out_proj", joined_heads(full_attention(q, k, v)))
        y = layer_norm(weights, block + "layer_norm2", x, 1e-5)
        x = x + linear(weights, block + "mlp.fc2", quick_gelu(linear(weights, block + "mlp.fc1", y)))
    return x


def llava_projector(weights, x):
    hidden = gelu(linear(weights, "multi_modal_projector.linear_1", x))
    return linear(weights, "multi_modal_projector.linear_2", hidden)


def next_tokens(weights, tiles, size, config, preprocessor):
    """LLaVA-NeXT: tile 0, then the joined tiles without the padding, a newline behind each row."""
    grid = unpadded(tiles, size, config, preprocessor)
    return packed(weights, tiles[0], grid), tuple(grid.shape[:2])


def packed(weights, whole, grid):
    """The whole picture's tokens, then those of a grid [rows, columns, hidden], a newline behind each row."""
    newline = weights["image_newline"].expand(grid.shape[0], 1, -1)
    return torch.cat([whole, torch.cat([grid, newline], 1).flatten(0, 1)])


def unpadded(tiles, size, config, preprocessor):
    """The tiles behind the first, joined to a grid [rows, columns, hidden] without the padding."""
    geometry = NextGeometry(*size, preprocessor)
    side = config["image_size"] // config["patch_size"]
    rows, columns = geometry.height // geometry.tile, geometry.width // geometry.tile
    grid = tiles[1:].reshape(rows, columns, side, side, -1).transpose(1, 2)
    grid = grid.reshape(rows * side, columns * side, -1)
    width, height = size
    if width / height > grid.shape[1] / grid.shape[0]:
        kept = int(round(height * (grid.shape[1] / width), 7))
        cut = (grid.shape[0] - kept) // 2
        grid = grid[cut : grid.shape[0] - cut]
    else:
        kept = int(round(width * (grid.shape[0] / height), 7))
        cut = (grid.shape[1] - kept) // 2
        grid = grid[:, cut : grid.shape[1] - cut]
    return grid


class InternNames:
    """InternVL as its authors write it: queries, keys and values in one matrix."""

    class_token = "vision_model.embeddings.class_embedding"
    positions = "vision_model.embeddings.position_embedding"
    patches = "vision_model.embeddings.patch_embedding"
    blocks = "vision_model.encoder.layers"
    qkv = ["attn.qkv"]
    output, norm1, norm2, scale1, scale2 = "attn.proj", "norm1", "norm2", "ls1", "ls2"
    projector = ["mlp1.0", "mlp1.1", "mlp1.3"]


class HfInternNames:
    """InternVL as transformers writes it."""

    class_token = "vision_tower.embeddings.cls_token"
    positions = "vision_tower.embeddings.position_embeddings"
    patches = "vision_tower.embeddings.patch_embeddings.projection"
    blocks = "vision_tower.encoder.layer"
    qkv = ["attention.q_proj", "attention.k_proj", "attention.v_proj"]
    output, norm1, norm2 = "attention.projection_layer", "layernorm_before", "layernorm_after"
    scale1, scale2 = "lambda_1", "lambda_2"
    projector = [f"multi_modal_projector.{part}" for part in ("layer_norm", "linear_1", "linear_2")]


def intern_states(weights, config, pixels, names):
    """InternViT: the output of the last block, class token first."""
    heads, eps, patch = config["num_attention_heads"], config["layer_norm_eps"], config["patch_size"]
    kernel = weights[names.patches + ".weight"]
    x = patches_of(pixels, patch[0] if isinstance(patch, list) else patch) @ kernel.flatten(1).T
    x = x + weights[names.patches + ".bias"]
    first = weights[names.class_token].expand(x.shape[0], 1, -1)
    x = torch.cat([first, x], 1) + weights[names.positions]
    for n in range(config["num_hidden_layers"]):
        block = f"{names.blocks}.{n}."
        y = layer_norm(weights, block + names.norm1, x, eps)
        y = torch.cat([linear(weights, block + part, y) for part in names.qkv], -1)
        q, k, v = (split_heads(part, heads) for part in y.chunk(3, -1))
        y = linear(weights, block + names.output, joined_heads(full_attention(q, k, v)))
        x = x + weights[block + names.scale1] * y
        y = gelu(linear(weights, block + "mlp.fc1", layer_norm(weights, block + names.norm2, x, eps)))
        x = x + weights[block + names.scale2] * linear(weights, block + "mlp.fc2", y)
    return x


def intern_tokens(weights, states, names):
    """InternVL: four neighbours joined, each tile's rows one after the other."""
    x = states[:, 1:]
    side = math.isqrt(x.shape[1])
    x = x.reshape(x.shape[0], side // 2, 2, side // 2, 2, -1).transpose(2, 3)
    x = x.reshape(-1, 4 * states.shape[-1])  # (2r, 2c), (2r, 2c+1), (2r+1, 2c), (2r+1, 2c+1)
    norm, linear1, linear2 = names.projector
    return linear(weights, linear2, gelu(linear(weights, linear1, layer_norm(weights, norm, x, 1e-5))))


def rotated(x, angles):
    """Half-split rotary embedding: dimensions i and i + d/2 turn by angles[.., i]."""
    first, second = x.chunk(2, -1)
    cos, sin = torch.cos(angles), torch.sin(angles)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


def qwen_tokens(weights, config, pixels, grid):
    """Qwen2-VL: full attention over the patches, turned by row and column; four consecutive patches a token."""
    rows, columns = grid
    row = torch.arange(rows, dtype=torch.float64)[:, None].expand(rows, columns)
    column = torch.arange(columns, dtype=torch.float64)[None].expand(rows, columns)
    row, column = (
        at.reshape(rows // 2, 2, columns // 2, 2).transpose(1, 2).flatten() for at in (row, column)
    )
    heads = config["num_heads"]
    quarter = config["embed_dim"] // heads // 4
    speeds = 10000.0 ** (-torch.arange(quarter, dtype=torch.float64) / quarter)
    angles = torch.cat([row[:, None] * speeds, column[:, None] * speeds], -1)
    x = pixels @ weights["visual.patch_embed.proj.weight"].flatten(1).T
    for n in range(config["depth"]):
        block = f"visual.blocks.{n}."
        y = linear(weights, block + "attn.qkv", layer_norm(weights, block + "norm1", x, 1e-6))
        q, k, v = (split_heads(part, heads) for part in y.chunk(3, -1))
        y = joined_heads(full_attention(rotated(q, angles), rotated(k, angles), v))
        x = x + linear(weights, block + "attn.proj", y)
        y = quick_gelu(linear(weights, block + "mlp.fc1", layer_norm(weights, block + "norm2", x, 1e-6)))
        x = x + linear(weights, block + "mlp.fc2", y)
    x = layer_norm(weights, "visual.merger.ln_q", x, 1e-6).reshape(rows * columns // 4, -1)
    return linear(weights, "visual.merger.mlp.2", gelu(linear(weights, "visual.merger.mlp.0", x)))
