"""A checkpoint folder as a model: prompt and picture to embeddings and positions."""

from dataclasses import dataclass, field
from pathlib import Path

import torch

from . import gemma, pictures, qwen, siglip, smolvlm, towers
from .decoder import Decoder, InternLm2Names, LlamaNames, Shape
from .files import read_checkpoint, read_json
from .tokens import Tokenizer


QWEN = {"qwen2_vl": "qwen2vl", "qwen2_5_vl": "qwen25vl", "qwen3_vl": "qwen3vl"}
FAMILIES = {"llava": "llava", "llava_next": "llava_next", "internvl_chat": "internvl", "internvl": "internvl"} | QWEN
FAMILIES |= siglip.FAMILIES


@dataclass
class Seen:
    """A picture: pixel values, states of the tower where a case stores them, image tokens, their grid or the tiles'."""

    pixels: torch.Tensor
    tokens: torch.Tensor
    states: dict = field(default_factory=dict)
    grid: tuple = None
    deep: tuple = ()  # added to the tokens behind decoder layer 0, 1, ...


class Model:
    def __init__(self, folder, most_tiles=1, weights=None):
        folder = Path(folder)
        self.config = read_json(folder / "config.json")
        self.preprocessor = read_json(folder / "preprocessor_config.json")
        self.weights = weights if weights is not None else read_checkpoint(folder)
        self.tokenizer = Tokenizer.read(folder)
        self.most_tiles = most_tiles
        self.is_hf = self.config["model_type"] == "internvl"
        self.family = FAMILIES[self.config["model_type"]]
        text = self.config.get("text_config") or self.config.get("llm_config") or self.config
        heads = text.get("num_attention_heads", 32)
        scaling = text.get("rope_scaling") or {}
        self.shape = Shape(
            layers=text.get("num_hidden_layers", 32),
            heads=heads,
            kv_heads=text.get("num_key_value_heads", heads),
            head_dim=text.get("head_dim") or text.get("hidden_size", 4096) // heads,
            eps=text.get("rms_norm_eps", 1e-6),
            theta=text.get("rope_theta", 10000.0),
            sections=scaling.get("mrope_section", []),
            head_norms=self.family == "qwen3vl" or text.get("model_type") == "qwen3",
            interleaved=self.family == "qwen3vl",
        )
        self.decoder = Decoder(self.weights, self.shape, self.names(text))
        self.is_qwen = self.family in QWEN.values()
        self.image_token = (
            self.tokenizer.added["<IMG_CONTEXT>"]
            if self.family == "internvl"
            else self.config["image_token_id" if self.is_qwen or self.family == "smolvlm" else "image_token_index"]
        )
        if self.family == "gemma3":
            self.decoder = gemma.GemmaDecoder(self.weights, text)
            self.shape = self.decoder.shape

    def names(self, text):
        if text.get("model_type") == "internlm2":
            return InternLm2Names()
        if self.family in QWEN.values():
            prefix = "model.language_model." if self.family == "qwen3vl" else "model."
            tied = self.config["tie_word_embeddings"]
            return LlamaNames(prefix, prefix + "embed_tokens.weight" if tied else "lm_head.weight")
        if self.family == "smolvlm":
            return LlamaNames(smolvlm.TEXT, "lm_head.weight")
        prefix, head = "language_model.model.", "language_model.lm_head.weight"
        return LlamaNames(prefix, head if head in self.weights else prefix + "embed_tokens.weight")

    def see(self, path):
        image, vision = pictures.open_rgb(path), self.config["vision_config"]
        if self.family in siglip.FAMILIES:
            own = {"gemma3": siglip.see_gemma, "smolvlm": smolvlm.see}
            see = own.get(self.family, siglip.see_onevision)
            return Seen(*see(self.weights, self.config, self.preprocessor, image))
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
            pixels = pictures.internvl_pixels(image, self.preprocessor, *self.tiling())
            names = towers.HfInternNames if self.is_hf else towers.InternNames
            states = towers.intern_states(self.weights, vision, pixels.double(), names)
            return Seen(pixels, towers.intern_tokens(self.weights, states, names), {"vision_output": states})
        pixels, (rows, columns) = pictures.qwen_pixels(image, self.preprocessor)
        grid = (rows // 2, columns // 2)
        if self.family == "qwen3vl":
            tokens, kept = qwen.deep_tokens(self.weights, vision, pixels.double(), (rows, columns))
            return Seen(pixels, tokens, kept, grid, kept["deepstack_features"])
        if self.family == "qwen25vl":
            tokens, kept = qwen.window_tokens(self.weights, vision, pixels.double(), (rows, columns))
            return Seen(pixels, tokens, kept, grid)
        tokens = towers.qwen_tokens(self.weights, vision, pixels.double(), (rows, columns))
        return Seen(pixels, tokens, grid=grid)

    def tiling(self):
        """InternVL: side of a tile, fewest and most tiles, and whether the whole picture follows them."""
        if self.is_hf:
            side = self.config["vision_config"]["image_size"][0]
            return side, self.preprocessor["min_patches"], self.most_tiles, True
        config = self.config
        return config["force_image_size"], config["min_dynamic_patch"], self.most_tiles, config["use_thumbnail"]

    def ids_of(self, prompt, seen):
        """Ids of a prompt with its one image mark repeated for every token."""
        count = seen.tokens.shape[0]
        if self.family == "smolvlm":
            return self.tokenizer.encode(smolvlm.expanded(prompt, count, *seen.grid))
        if self.family == "gemma3":
            return self.tokenizer.encode(gemma.expanded(prompt, count))
        if self.family == "internvl":
            mark = "<IMG_CONTEXT>" if self.is_hf else "<image>"
            return self.tokenizer.encode(prompt.replace(mark, "<img>" + "<IMG_CONTEXT>" * count + "</img>"))
        mark = "<|image_pad|>" if self.is_qwen else "<image>"
        return self.tokenizer.encode(prompt.replace(mark, mark * count))

    def positions(self, length, start, seen):
        """[3, length]: in order, but for Qwen's image tokens, which stand on (time, row, column)."""
        one = torch.arange(length)
        if not self.is_qwen:
            return one.expand(3, length)
        rows, columns = seen.grid
        at = torch.arange(rows * columns)
        image = torch.stack([torch.zeros_like(at), at // columns, at % columns]) + start
        behind = torch.arange(length - start - rows * columns) + start + max(rows, columns)
        return torch.cat([one[:start].expand(3, -1), image, behind.expand(3, -1)], 1)

    def run(self, ids, places, seen, ablation=None):
        """A pass over ids whose tokens at the places [P] are the picture's."""
        x = self.decoder.embedded(ids).index_copy(0, places, seen.tokens)
        return self.decoder.run(x, self.positions(len(ids), int(places[0]), seen), places, ablation, seen.deep)
