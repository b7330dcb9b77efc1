"""SigLIP's tower, and what LLaVA-OneVision and Gemma 3 make of its states: tiles shrunk to fewer, means of squares."""

import math

import torch
from torch.nn.functional import gelu, interpolate

from . import pictures
from .towers import full_attention, joined_heads, layer_norm, linear, llava_projector, packed, patches_of, split_heads, unpadded

TOWER = "vision_tower.vision_model."
EPS = 1e-6
FAMILIES = {"llava_onevision": "llava_onevision", "gemma3": "gemma3", "smolvlm": "smolvlm"}


def states(weights, config, pixels, tower=TOWER):
    """The output of the last block, [tiles, patches, width]. Pixels beyond the last whole patch are not seen."""
    patch, heads = config["patch_size"], config["num_attention_heads"]
    seen = pixels.shape[-1] // patch * patch
    kernel = weights[tower + "embeddings.patch_embedding.weight"]
    x = patches_of(pixels[:, :, :seen, :seen], patch) @ kernel.flatten(1).T
    x = x + weights[tower + "embeddings.patch_embedding.bias"] + weights[tower + "embeddings.position_embedding.weight"]
    for n in range(config["num_hidden_layers"]):
        block = f"{tower}encoder.layers.{n}."
        y = layer_norm(weights, block + "layer_norm1", x, EPS)
        q, k, v = (split_heads(linear(weights, f"{block}self_attn.{part}_proj", y), heads) for part in "qkv")
        x = x + linear(weights, block + "self_attn.out_proj", joined_heads(full_attention(q, k, v)))
        y = linear(weights, block + "mlp.fc1", layer_norm(weights, block + "layer_norm2", x, EPS))
        x = x + linear(weights, block + "mlp.fc2", gelu(y, approximate="tanh"))
    return x


def shrunk(grid, most, side):
    """A grid [rows, columns, hidden] of many more than `most` tiles' patches, at about as many."""
    rows, columns = grid.shape[:2]
    ratio = math.sqrt(rows * columns / (most * side**2))
    if ratio <= 1.1:
        return grid
    size = (int(rows // ratio), int(columns // ratio))
    return interpolate(grid.permute(2, 0, 1)[None], size, mode="bilinear", align_corners=False)[0].permute(1, 2, 0)


def see_onevision(weights, config, preprocessor, image):
    """Pixels, image tokens, states of the tower, grid behind the whole picture's."""
    vision = config["vision_config"]
    pixels = pictures.next_pixels(image, preprocessor)
    found = states(weights, vision, pixels.double())
    tiles = llava_projector(weights, found)
    side = vision["image_size"] // vision["patch_size"]
    most = int(config["vision_aspect_ratio"].removeprefix("anyres_max_"))
    grid = shrunk(unpadded(tiles, image.size, vision, preprocessor), most, side)
    return pixels[None], packed(weights, tiles[0], grid), {"vision_states": found}, tuple(grid.shape[:2])


def wide_norm(weight, x, eps):
    """An RMSNorm that stores what it adds to one."""
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + eps) * (1 + weight)


def see_gemma(weights, config, preprocessor, image):
    """As `see_onevision`; the grid is that of the means."""
    vision = config["vision_config"]
    size = preprocessor["size"]
    pixels = pictures.normalised(image.resize((size["width"], size["height"]), pictures.Image.BILINEAR), preprocessor)
    found = layer_norm(weights, TOWER + "post_layernorm", states(weights, vision, pixels[None].double()), EPS)[0]
    patches, tokens = vision["image_size"] // vision["patch_size"], math.isqrt(config["mm_tokens_per_image"])
    joined = patches // tokens
    means = found.reshape(tokens, joined, tokens, joined, -1).mean((1, 3)).flatten(0, 1)
    projector = "multi_modal_projector."
    normed = wide_norm(weights[projector + "mm_soft_emb_norm.weight"], means, EPS)
    features = normed @ weights[projector + "mm_input_projection_weight"]
    return pixels[None], features, {"vision_output": found}, (tokens, tokens)


def tower_shapes(vision, tower=TOWER):
    """Tensors of the tower, its last norm among them."""
    d, inner, patch = vision["hidden_size"], vision["intermediate_size"], vision["patch_size"]
    parts = {"post_layernorm": (d,), "embeddings.patch_embedding": (d, 3, patch, patch)}
    for n in range(vision["num_hidden_layers"]):
        block = f"encoder.layers.{n}."
        parts |= {f"{block}self_attn.{part}_proj": (d, d) for part in ("q", "k", "v", "out")}
        parts |= {block + "mlp.fc1": (inner, d), block + "mlp.fc2": (d, inner)}
        parts |= {block + "layer_norm1": (d,), block + "layer_norm2": (d,)}
    shapes = {tower + "embeddings.position_embedding.weight": ((vision["image_size"] // patch) ** 2, d)}
    for name, shape in parts.items():
        shapes |= {tower + name + ".weight": shape, tower + name + ".bias": shape[:1]}
    return shapes
