"""SmolVLM2: tiles of a picture resized twice, patches joined to tokens, markers between the runs of tokens."""

import math

import torch

from . import siglip
from .pictures import Image, normalised
from .towers import layer_norm, linear

TOWER, TEXT = "model.vision_model.", "model.text_model."
PROJECTION = "model.connector.modality_projection.proj"
AROUND, WHOLE, TOKEN = "<fake_token_around_image>", "<global-img>", "<image>"


def scaled(width, height, longest, made):
    """(width, height) with the long side at `longest`, the short one what `made` makes of its length, cut."""
    if width >= height:
        return longest, made(int(longest / (width / height)))
    return made(int(longest * (width / height))), longest


class Tiling:
    """The two sizes that a picture is brought to, and the grid of tiles of the second: 0 x 0 where it is one tile."""

    def __init__(self, width, height, config):
        self.side = config["max_image_size"]["longest_edge"]
        self.first = scaled(width, height, config["size"]["longest_edge"], lambda n: n + n % 2)
        self.second = (self.side, self.side)
        if config["do_image_splitting"]:
            self.second = scaled(*self.first, self.whole_tiles(max(self.first)), self.whole_tiles)
        split = max(self.second) > self.side
        self.columns, self.rows = (n // self.side * split for n in self.second)

    def whole_tiles(self, n):
        return math.ceil(n / self.side) * self.side

    def tiles(self, image):
        """Row by row, then the whole, which is made of what was cut."""
        large = image.resize(self.first, Image.LANCZOS).resize(self.second, Image.LANCZOS)
        side = self.side
        corners = [(x * side, y * side) for y in range(self.rows) for x in range(self.columns)]
        tiles = [large.crop((x, y, x + side, y + side)) for x, y in corners]
        return [*tiles, large.resize((side, side), Image.LANCZOS)]


def see(weights, config, preprocessor, image):
    """Pixels, image tokens, states of the tower, grid of tiles."""
    tiling, scale = Tiling(*image.size, preprocessor), config["scale_factor"]
    pixels = torch.stack([normalised(tile, preprocessor) for tile in tiling.tiles(image)])
    found = siglip.states(weights, config["vision_config"], pixels.double(), TOWER)
    found = layer_norm(weights, TOWER + "post_layernorm", found, siglip.EPS)
    along = math.isqrt(found.shape[1]) // scale
    joined = found.reshape(-1, along, scale, along, scale, found.shape[-1]).transpose(2, 3)
    joined = joined.reshape(-1, scale**2 * found.shape[-1])  # row by row of the token's patches
    return pixels[None], linear(weights, PROJECTION, joined), {"vision_output": found}, (tiling.rows, tiling.columns)


def expanded(prompt, count, rows, columns):
    """Each tile behind its marker, a line for each row of them; the whole picture behind an empty line."""
    tile = TOKEN * (count // (rows * columns + 1))
    text = ""
    for row in range(1, rows + 1):
        text += "".join(f"{AROUND}<row_{row}_col_{column}>{tile}" for column in range(1, columns + 1)) + "\n"
    return prompt.replace(TOKEN, text + ("\n" if rows else "") + AROUND + WHOLE + tile + AROUND)


def tower_shapes(config):
    """Tensors of the tower and the projection."""
    vision, joined = config["vision_config"], config["scale_factor"] ** 2 * config["vision_config"]["hidden_size"]
    return siglip.tower_shapes(vision, TOWER) | {PROJECTION + ".weight": (config["text_config"]["hidden_size"], joined)}
