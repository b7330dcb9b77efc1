"""
From a picture to what enters the vision tower.

Pictures are resized by Pillow's bicubic filter, which rounds to bytes after each of its two passes. Pillow before 13
runs the horizontal pass first, as the programs that published the models did: make.py refuses newer ones.
"""

import math

import numpy as np
import torch
from PIL import Image


def open_rgb(path):
    return Image.open(path).convert("RGB")


def resized(image, width, height):
    return image if image.size == (width, height) else image.resize((width, height), Image.BICUBIC)


def normalised(image, config):
    """[3, height, width] as the processors of transformers: rescaled in double, normalised in float32."""
    values = (np.asarray(image).astype(np.float64) * (1 / 255)).astype(np.float32)
    mean = np.array(config["image_mean"], np.float32)
    deviation = np.array(config["image_std"], np.float32)
    return torch.from_numpy(((values - mean) / deviation).transpose(2, 0, 1).copy())


def clip_pixels(image, config):
    """LLaVA-1.5: the short side to the tower's, then the middle. [1, 3, side, side]"""
    short = config["size"]["shortest_edge"]
    side = config["crop_size"]["height"]
    width, height = image.size
    if width <= height:
        image = resized(image, short, int(short * height / width))
    else:
        image = resized(image, int(short * width / height), short)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return normalised(image.crop((left, top, left + side, top + side)), config)[None]


class NextGeometry:
    """LLaVA-NeXT, OneVision: the pinpoint of a picture, its size inside it, and the black around it."""

    def __init__(self, width, height, config):
        self.tile = config["size"].get("shortest_edge") or config["size"]["height"]
        most, least_waste = -1, math.inf
        for rows, columns in config["image_grid_pinpoints"]:  # (height, width)
            scale = min(columns / width, rows / height)
            seen = min(int(width * scale) * int(height * scale), width * height)
            waste = rows * columns - seen
            if seen > most or (seen == most and waste < least_waste):
                most, least_waste = seen, waste
                self.height, self.width = rows, columns
        scale_x, scale_y = self.width / width, self.height / height
        if scale_x < scale_y:
            self.inner = (self.width, min(math.ceil(height * scale_x), self.height))
        else:
            self.inner = (min(math.ceil(width * scale_y), self.width), self.height)
        self.left = (self.width - self.inner[0]) // 2
        self.top = (self.height - self.inner[1]) // 2
        odd = (self.width - self.inner[0]) % 2 or (self.height - self.inner[1]) % 2
        if odd and "crop_size" in config:  # OneVision's is at the right or the bottom in all of them
            raise ValueError(f"{width} x {height}: an odd padding, which versions of transformers read differently")

    def tiles(self):
        return [
            (x, y, x + self.tile, y + self.tile)
            for y in range(0, self.height, self.tile)
            for x in range(0, self.width, self.tile)
        ]


def next_pixels(image, config):
    """LLaVA-NeXT: the whole picture squashed to a tile, then the tiles row by row. [1 + tiles, 3, side, side]"""
    geometry = NextGeometry(image.width, image.height, config)
    canvas = Image.new("RGB", (geometry.width, geometry.height))
    canvas.paste(resized(image, *geometry.inner), (geometry.left, geometry.top))
    tiles = [resized(image, geometry.tile, geometry.tile)] + [canvas.crop(box) for box in geometry.tiles()]
    return torch.stack([normalised(tile, config) for tile in tiles])


def internvl_grid(width, height, side, least, most):
    """(columns, rows) nearest to the picture's shape; a tie goes to the larger one if the picture is large enough."""
    grids = {
        (i, j)
        for n in range(least, most + 1)
        for i in range(1, n + 1)
        for j in range(1, n + 1)
        if least <= i * j <= most
    }
    best, nearest = (1, 1), math.inf
    for columns, rows in sorted(grids, key=lambda grid: grid[0] * grid[1]):
        distance = abs(width / height - columns / rows)
        if distance < nearest:
            best, nearest = (columns, rows), distance
        elif distance == nearest and width * height > 0.5 * side * side * columns * rows:
            best = (columns, rows)
    return best


def internvl_pixels(image, config, side, least, most, thumbnail):
    """InternVL: all tiles of one resized picture, then the whole if there is more than one. [tiles, 3, side, side]"""
    columns, rows = internvl_grid(image.width, image.height, side, least, most)
    large = resized(image, columns * side, rows * side)
    tiles = [
        large.crop((x * side, y * side, (x + 1) * side, (y + 1) * side)) for y in range(rows) for x in range(columns)
    ]
    if thumbnail and len(tiles) > 1:
        tiles.append(resized(image, side, side))
    mean = np.array(config["image_mean"], np.float32)
    deviation = np.array(config["image_std"], np.float32)
    values = [(np.asarray(tile).astype(np.float32) / np.float32(255) - mean) / deviation for tile in tiles]
    return torch.from_numpy(np.stack(values).transpose(0, 3, 1, 2).copy())


def qwen_size(width, height, config):
    """(width, height): multiples of two patches with the picture's area, within the bounds."""
    unit = config["patch_size"] * config["merge_size"]
    least = config.get("min_pixels") or config["size"]["shortest_edge"]  # areas, both
    most = config.get("max_pixels") or config["size"]["longest_edge"]
    new_height, new_width = round(height / unit) * unit, round(width / unit) * unit
    if new_height * new_width > most:
        shrink = math.sqrt(height * width / most)
        new_height = math.floor(height / shrink / unit) * unit
        new_width = math.floor(width / shrink / unit) * unit
    elif new_height * new_width < least:
        grow = math.sqrt(least / (height * width))
        new_height = math.ceil(height * grow / unit) * unit
        new_width = math.ceil(width * grow / unit) * unit
    return new_width, new_height


def qwen_pixels(image, config):
    """Qwen2-VL: rows of patches in blocks of 2 x 2, each (channel, two equal frames, y, x), and the patches' grid."""
    width, height = qwen_size(image.width, image.height, config)
    patch, merge = config["patch_size"], config["merge_size"]
    rows, columns = height // patch, width // patch
    values = normalised(resized(image, width, height), config)
    blocks = values.reshape(3, rows // merge, merge, patch, columns // merge, merge, patch)
    blocks = blocks.permute(1, 4, 2, 5, 0, 3, 6)  # block row, block column, row, column, channel, y, x
    frames = blocks.unsqueeze(5).repeat(1, 1, 1, 1, 1, config["temporal_patch_size"], 1, 1)
    return frames.reshape(rows * columns, -1), (rows, columns)
