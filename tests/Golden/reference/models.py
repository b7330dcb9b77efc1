"""A checkpoint folder as a model: prompt and picture to embeddings and positions."""

from dataclasses import dataclass, field
from pathlib import Path

import torch

from . import pictures, towers
from .decoder import Decoder, InternLm2Names, LlamaNames, Shape
from .files import read_checkpoint, read_json
from .tokens import Tokenizer


FAMILIES = {"llava": "llava", "llava_next": "llava_next", "internvl_chat": "internvl", "qwen2_vl": "qwen2vl"}


@dataclass
class Seen:
    """A picture: pixel values, states of the tower where a case stores them, image tokens, their merged grid."""

    pixels: torch.Tensor
    tokens: torch.Tensor
    states: dict = field(default_factory=dict)
    grid: tuple = None


class Model:
    def __init__(self, folder, most_tiles=1, weights=None):
        folder = Path(folder)
        self.config = read_json(folder / "config.json")
        self.preprocessor = read_json(folder / "preprocessor_config.json")
        self.weights = weights if weights is not None else read_checkpoint(folder)
        self.tokenizer = Tokenizer.read(folder)
        self.most_tiles = most_tiles
        self.family = FAMILIES[self.config["model_type"]]
        text = self.config.get("text_config") or self.config.get("llm_config") or self.config
        heads = text.get("num_attention_heads", 32)
        scaling = text.get("rope_scaling") or {}
        self.shape = Shape(
            layers=text.get("num_hidden_layers", 32),
            heads=heads,
            kv_heads=text.get("num_key_value_heads", heads),
            head_dim=text.get("hidden_size", 4096) // heads,
            eps=text.get("rms_norm_eps", 1e-6),
            theta=text.get("rope_theta", 10000.0),
            sections=scaling.get("mrope_section", []),
        )
        self.decoder = Decoder(self.weights, self.shape, self.names(text))
        self.image_token = {
            "internvl": lambda: self.tokenizer.added["<IMG_CONTEXT>"],
            "qwen2vl": lambda: self.config["image_token_id"],
        }.get(self.family, lambda: self.config["image_token_index"])()

    def names(self, text):
        if text.get("model_type") == "internlm2":
            return InternLm2Names()
        if self.family == "qwen2vl":
            tied = self.config["tie_word_embeddings"]
            return LlamaNames("model.", "model.embed_tokens.weight" if tied else "lm_head.weight")
        return LlamaNames("language_model.model.", "language_model.lm_head.weight")

    def see(self, path):
        image, vision = pictures.open_rgb(path), self.config["vision_config"]
        if self.family in ("llava", "llava_next"):
            process = pictures.clip_pixels if self.family == "llava" else pictures.next_pixels
            pixels = process(image, self.preprocessor)
            states = towers.clip_states(self.weights, vision, self.config["vision_feature_layer"], pixels.double())
            tiles = towers.llava_projector(self.weights, states[:, 1:])
            kept = {"vision_states": states}
            if self.family == "llava":
                return Seen(pixels, tiles[0], kept)
            tokens, grid = towers.next_tokens(self.weights, tiles, image.size, vision, self.preprocessor)
            return Seen(pixels[None], tokens, kept, grid)
        if self.family == "internvl":
            pixels = pictures.internvl_pixels(
                image,
                self.preprocessor,
                self.config["force_image_size"],
                self.config["min_dynamic_patch"],
                self.most_tiles,
                self.config["use_thumbnail"],
            )
            states = towers.intern_states(self.weights, vision, pixels.double())
            return Seen(pixels, towers.intern_tokens(self.weights, states), {"vision_output": states})
        pixels, (rows, columns) = pictures.qwen_pixels(image, self.preprocessor)
        tokens = towers.qwen_tokens(self.weights, vision, pixels.double(), (rows, columns))
        return Seen(pixels, tokens, grid=(rows // 2, columns // 2))

    def ids_of(self, prompt, count):
        """Ids of a prompt with its one image mark repeated for every token."""
        if self.family == "internvl":
            return self.tokenizer.encode(prompt.replace("<image>", "<img>" + "<IMG_CONTEXT>" * count + "</img>"))
        mark = "<|image_pad|>" if self.family == "qwen2vl" else "<image>"
        return self.tokenizer.encode(prompt.replace(mark, mark * count))

    def positions(self, length, start, seen):
        """[3, length]: in order, but for Qwen2-VL's image tokens, which stand on (time, row, column)."""
        one = torch.arange(length)
        if self.family != "qwen2vl":
            return one.expand(3, length)
        rows, columns = seen.grid
        at = torch.arange(rows * columns)
        image = torch.stack([torch.zeros_like(at), at // columns, at % columns]) + start
        behind = torch.arange(length - start - rows * columns) + start + max(rows, columns)
        return torch.cat([one[:start].expand(3, -1), image, behind.expand(3, -1)], 1)

    def run(self, ids, start, seen, ablation=None):
        """A pass over ids whose tokens start .. start + P are the picture's."""
        count = seen.tokens.shape[0]
        x = self.decoder.embedded(ids)
        x = torch.cat([x[:start], seen.tokens, x[start + count :]])
        return self.decoder.run(x, self.positions(len(ids), start, seen), (start, count), ablation)
