"""The cases of this folder: which sizes, pictures and prompts, and how a case is written."""

import shutil
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image

from .figures import Figures
from .files import read_json, write_lines, write_safetensors
from .folders import TEXTS, write_folder, write_weights
from .models import Model
from .pictures import NextGeometry, internvl_grid, open_rgb, qwen_size
from .smolvlm import Tiling
from .weights import random_weights

QUESTION = TEXTS[0]
PLAIN = {"num_hidden_layers": 3, "num_attention_heads": 4, "hidden_size": 64, "intermediate_size": 112}
CLIP = {"hidden_size": 48, "image_size": 56, "intermediate_size": 80, "num_attention_heads": 3, "num_hidden_layers": 3}
INTERN = CLIP | {"num_hidden_layers": 2}
ONEVISION = [[30, 30], [30, 60], [60, 30], [60, 60]]
LLAVA = "USER: <image>\n{question} ASSISTANT:"
CHAT = "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{image}{question}<|im_end|>\n<|im_start|>assistant\n"
PLAIN_CHAT = CHAT.removeprefix("<|im_start|>system\n{system}<|im_end|>\n")
INTERN_SYSTEM = (
    "你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位联合开发的多模态大语言模型。"
)


def clip_sizes(side):
    return {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}


@dataclass
class Case:
    """A case to make. Pictures: (width, height) and whether it is a JPEG, the case's own first."""

    published: str
    sizes: dict
    prompt: str
    pictures: list
    seed: int
    padding_rows: int = 0
    files: int = 1
    fields: dict = field(default_factory=dict)
    dtype: torch.dtype = torch.bfloat16


CASES = {
    "small-llava15": Case(
        "llava-1.5-7b-hf",
        {"config": {"text_config": PLAIN, "vision_config": CLIP}, "preprocessor": clip_sizes(56)},
        LLAVA,
        [(83, 61, False), (60, 90, False), (56, 56, False), (120, 70, False)],
        seed=1,
        padding_rows=6,
        files=2,
        dtype=torch.float16,
    ),
    "small-llavanext": Case(
        "llava-v1.6-vicuna-7b-hf",
        {
            "config": {
                "image_grid_pinpoints": [[56, 112], [112, 56], [112, 112], [168, 56], [56, 168]],
                "text_config": PLAIN,
                "vision_config": CLIP,
            },
            "preprocessor": clip_sizes(56)
            | {"image_grid_pinpoints": [[56, 112], [112, 56], [112, 112], [168, 56], [56, 168]]},
        },
        LLAVA,
        [(120, 90, False), (124, 93, False), (140, 105, False), (112, 84, False)],
        seed=1,
        padding_rows=6,
        dtype=torch.float16,
    ),
    "small-internvl-internlm2": Case(
        "InternVL2_5-2B",
        {
            "config": {
                "force_image_size": 56,
                "llm_config": PLAIN | {"num_key_value_heads": 2},
                "vision_config": INTERN,
            },
            "preprocessor": {"size": 56, "crop_size": 56},
        },
        CHAT.replace("{system}", INTERN_SYSTEM).replace("{image}", "<image>\n"),
        [(70, 52, False), (56, 80, False), (100, 64, False), (64, 64, False)],
        seed=1,
        fields={"max_num": 1},
    ),
    "small-internvl-qwen2": Case(
        "InternVL2_5-1B",
        {
            "config": {
                "force_image_size": 56,
                "llm_config": PLAIN | {"num_key_value_heads": 2},
                "vision_config": INTERN,
            },
            "preprocessor": {"size": 56, "crop_size": 56},
        },
        CHAT.replace("{system}", INTERN_SYSTEM).replace("{image}", "<image>\n"),
        [(130, 62, False), (120, 60, True), (118, 63, False), (140, 68, False)],
        seed=1,
        fields={"max_num": 4},
    ),
    "small-internvl35": Case(
        "InternVL3_5-1B",
        {
            "config": {
                "force_image_size": 56,
                "llm_config": PLAIN | {"num_key_value_heads": 2, "head_dim": 24},
                "vision_config": INTERN,
            },
            "preprocessor": {"size": 56, "crop_size": 56},
        },
        CHAT.replace("{system}", INTERN_SYSTEM).replace("{image}", "<image>\n"),
        [(64, 126, False), (60, 120, True), (62, 128, False), (70, 135, False)],
        seed=1,
        padding_rows=10,
        fields={"max_num": 4},
    ),
    "small-internvl-hf": Case(
        "InternVL3_5-1B-HF",
        {
            "config": {
                "image_seq_length": 4,
                "text_config": PLAIN | {"num_key_value_heads": 2, "head_dim": 24},
                "vision_config": INTERN | {"image_size": [56, 56]},
            },
            "preprocessor": {"size": {"height": 56, "width": 56}},
            "processor": {"image_seq_length": 4},
        },
        PLAIN_CHAT.replace("{image}", "<IMG_CONTEXT>\n"),
        [(130, 62, False), (120, 60, True), (118, 63, False), (140, 68, False)],
        seed=1,
        fields={"max_num": 4},
    ),
    "small-qwen2vl": Case(
        "Qwen2-VL-2B-Instruct",
        {
            "config": PLAIN
            | {
                "num_key_value_heads": 2,
                "rope_scaling": {"mrope_section": [2, 3, 3]},
                "vision_config": {"depth": 2, "embed_dim": 32, "num_heads": 2, "hidden_size": 64},
            },
        },
        CHAT.replace("{system}", "You are a helpful assistant.").replace(
            "{image}", "<|vision_start|><|image_pad|><|vision_end|>"
        ),
        [(115, 90, False), (110, 80, True), (120, 86, False), (108, 77, False)],
        seed=1,
        padding_rows=8,
    ),
    "small-onevision": Case(
        "llava-onevision-qwen2-0.5b-ov-hf",
        {
            "config": {
                "image_grid_pinpoints": ONEVISION,
                "text_config": PLAIN | {"num_key_value_heads": 2},
                "vision_aspect_ratio": "anyres_max_2",
                "vision_config": CLIP | {"image_size": 30, "patch_size": 7},
            },
            "preprocessor": {"image_grid_pinpoints": ONEVISION, "size": {"height": 30, "width": 30}},
            "processor": {"num_image_tokens": 16, "vision_aspect_ratio": "anyres_max_2"},
        },
        CHAT.split("<|im_end|>\n", 1)[1].replace("{image}", "<image>\n"),
        [(80, 62, False), (70, 58, True), (66, 55, False), (90, 70, False)],
        seed=1,
        padding_rows=6,
        dtype=torch.float16,
    ),
    "small-gemma3": Case(
        "gemma-3-4b-it",
        {
            "config": {
                "mm_tokens_per_image": 16,
                "text_config": {
                    "head_dim": 16,
                    "hidden_size": 56,
                    "intermediate_size": 96,
                    "num_hidden_layers": 3,
                    "query_pre_attn_scalar": 24,
                    "sliding_window": 20,
                    "sliding_window_pattern": 2,
                },
                "vision_config": CLIP | {"image_size": 64, "num_hidden_layers": 2, "patch_size": 8},
            },
            "preprocessor_config.json": {"image_seq_length": 16, "size": {"height": 64, "width": 64}},
            "processor_config.json": {"image_seq_length": 16},
        },
        "<bos><start_of_turn>user\n<start_of_image>{question}<end_of_turn>\n<start_of_turn>model\n",
        [(83, 61, False), (60, 90, False), (56, 56, True), (120, 70, False)],
        seed=1,
    ),
    "small-smolvlm": Case(
        "SmolVLM2-500M-Video-Instruct",
        {
            "config": {
                "pad_token_id": 128002,  # as published: no token of the vocabulary
                "scale_factor": 2,
                "text_config": PLAIN
                | {"head_dim": 12, "num_attention_heads": 6, "num_key_value_heads": 2, "pixel_shuffle_factor": 2},
                "torch_dtype": "bfloat16",
                "vision_config": CLIP
                | {
                    "image_size": 32,
                    "max_image_size": {"longest_edge": 32},
                    "num_hidden_layers": 2,
                    "patch_size": 8,
                    "size": {"longest_edge": 96},
                },
            },
            "preprocessor": {
                "max_image_size": {"longest_edge": 32},
                "size": {"longest_edge": 96},
                "video_sampling": {"video_size": {"longest_edge": 32}},
            },
            "processor": {"image_seq_len": 4},
        },
        "<|im_start|>User:<image>{question}<end_of_utterance>\nAssistant:",
        [(83, 54, False), (120, 70, True), (100, 66, False), (90, 40, False)],
        seed=1,
    ),
    "small-qwen25vl": Case(
        "Qwen2.5-VL-7B-Instruct",
        {
            "config": PLAIN
            | {
                "num_key_value_heads": 2,
                "rope_theta": 1000.0,
                "rope_scaling": {"mrope_section": [2, 3, 3]},
                "vision_config": {
                    "depth": 3,
                    "fullatt_block_indexes": [1],
                    "hidden_size": 32,
                    "intermediate_size": 44,
                    "num_heads": 2,
                    "out_hidden_size": 64,
                    "window_size": 56,
                },
            },
        },
        CHAT.replace("{system}", "You are a helpful assistant.").replace(
            "{image}", "<|vision_start|><|image_pad|><|vision_end|>"
        ),
        [(115, 90, False), (110, 80, True), (120, 86, False), (108, 77, False)],
        seed=1,
        padding_rows=8,
    ),
    "small-qwen3vl": Case(
        "Qwen3-VL-2B-Instruct",
        {
            "config": {
                "text_config": PLAIN
                | {
                    "head_dim": 24,
                    "num_key_value_heads": 2,
                    "rope_theta": 100,
                    "rope_scaling": {"mrope_section": [6, 4, 2]},
                },
                "vision_config": {
                    "deepstack_visual_indexes": [0, 2],
                    "depth": 3,
                    "hidden_size": 32,
                    "intermediate_size": 44,
                    "num_heads": 2,
                    "num_position_embeddings": 25,
                    "out_hidden_size": 64,
                },
            },
            "preprocessor": {"size": {"shortest_edge": 8192, "longest_edge": 131072}},
        },
        CHAT.split("<|im_end|>\n", 1)[1].replace("{image}", "<|vision_start|><|image_pad|><|vision_end|>"),
        [(125, 100, False), (120, 88, True), (130, 90, False), (118, 104, False)],
        seed=1,
        padding_rows=8,
    ),
}


def draw(random, width, height):
    """A picture: two colours that run into each other, an ellipse, a bar, and a little noise."""
    y, x = np.mgrid[0:height, 0:width] / [[[height]], [[width]]]
    first, second, third, fourth = (random.uniform(0, 255, 3) for _ in range(4))
    slope = random.uniform(-1, 1, 2)
    share = np.clip(0.5 + slope[0] * (x - 0.5) + slope[1] * (y - 0.5), 0, 1)[..., None]
    values = first * share + second * (1 - share)
    centre, radius = random.uniform(0.3, 0.7, 2), random.uniform(0.15, 0.35, 2)
    values[((x - centre[0]) / radius[0]) ** 2 + ((y - centre[1]) / radius[1]) ** 2 < 1] = third
    left = random.uniform(0, 0.8)
    values[(x > left) & (x < left + 0.12)] = fourth
    # Noise in blocks of four levels, so that a PNG stays small.
    values = values + 8 * random.integers(-1, 2, (height, width, 1))
    return Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8))


def write_pictures(folder, case):
    random = np.random.default_rng(case.seed)
    names = []
    for n, (width, height, jpeg) in enumerate(case.pictures):
        name = ("image" if n == 0 else f"base{n}") + (".jpg" if jpeg else ".png")
        options = {"quality": 90} if jpeg else {"optimize": True}
        draw(random, width, height).save(folder / name, **options)
        names.append(name)
    return names


def random_masks(random, rows, width, shares):
    """Rows of ones and zeros, a share of ones drawn for each row, never all the same."""
    masks = np.zeros((rows, width), np.uint8)
    for mask in masks:
        ones = min(max(round(random.uniform(*shares) * width), 1), width - 1)
        mask[random.permutation(width)[:ones]] = 1
    return torch.from_numpy(masks)


def masks_of(figures, seed):
    """Masks, pairs and gate points: the first mask is all ones, the second all zeros."""
    random = np.random.default_rng([seed, 1])
    total = figures.model.shape.layers * figures.model.shape.heads
    masks = random_masks(random, 12, total, (0.2, 0.7))
    masks[0], masks[1] = 1, 0
    return {
        "masks": masks,
        "pair_heads": random_masks(random, 6, total, (0.3, 0.8)),
        "pair_text": random_masks(random, 6, figures.suffix, (0.3, 0.9)),
        "pair_image": random_masks(random, 6, figures.count, (0.2, 0.8)),
        "gate_points": torch.stack(
            [torch.ones(total), masks[2], torch.from_numpy(random.uniform(0, 1, total))]
        ).double(),
    }


def answer_tokens(figures, answer):
    """The runner-up, what the model says, and two tokens that it would not."""
    order = figures.last.argsort(descending=True).tolist()
    return {"counter_token": order[1], "sequence_tokens": answer[:3], "sequence_other_tokens": [order[1], order[20]]}


def geometry(model, figures, paths):
    """What is particular to the family."""
    image, config = open_rgb(paths[0]), model.config
    vision = config["vision_config"]
    if model.family == "gemma3":
        return gemma_geometry(model, figures)
    if model.family == "smolvlm":
        return smol_geometry(model, figures, image.size)
    if model.family in ("llava", "llava_next", "llava_onevision"):
        side = vision["image_size"] // vision["patch_size"]
        found = {
            "image_token_id": config["image_token_index"],
            "vocab_size": config["text_config"]["vocab_size"],
            "patch_size": vision["patch_size"],
            "image_size": vision["image_size"],
            "base_grid": [side, side],
        }
        if model.family == "llava":
            return found
        around, (rows, columns) = NextGeometry(*image.size, model.preprocessor), figures.seen[0].grid
        return found | {
            "image_sizes": [image.height, image.width],
            "best_resolution": [around.height, around.width],
            "resized": [around.inner[1], around.inner[0]],
            "tiles": [around.height // around.tile, around.width // around.tile],
            "grid": [rows, columns],
            "newline_tokens": [side * side + (row + 1) * (columns + 1) - 1 for row in range(rows)],
            **({"rope_theta": model.shape.theta} if model.family == "llava_onevision" else {}),
        }
    if model.family == "internvl":
        side, least, most, with_whole = model.tiling()
        text = config["text_config" if model.is_hf else "llm_config"]
        columns, rows = internvl_grid(*image.size, side, least, most)
        thumbnail = with_whole and columns * rows > 1
        tiles = columns * rows + thumbnail
        return {
            "layout": "hf" if model.is_hf else "authors",
            "llm": text["model_type"],
            "min_num": least,
            "max_num": most,
            "use_thumbnail": with_whole,
            "tiles": tiles,
            "tile_grid": {"columns": columns, "rows": rows, "thumbnail": thumbnail},
            "tokens_per_tile": figures.count // tiles,
            "image_size": side,
            "rope_theta": model.shape.theta,
            "vocab_size": text["vocab_size"],
            "tokenizer_size": max(model.tokenizer.texts) + 1,
            "stop_token": model.tokenizer.added["<|im_end|>"],
        }
    rows, columns = figures.seen[0].grid
    width, height = qwen_size(*image.size, model.preprocessor)
    positions = model.positions(len(figures.ids), figures.start, figures.seen[0])
    return {
        "image_grid_thw": [1, 2 * rows, 2 * columns],
        "rope_positions": positions.tolist(),
        "rope_delta": int(positions.max()) + 1 - len(figures.ids),
        "mrope_section": model.shape.sections,
        "mrope_interleaved": model.shape.interleaved,
        "rope_theta": model.shape.theta,
        "tie_word_embeddings": config["tie_word_embeddings"],
        "resized": [height, width],
    }


def gemma_geometry(model, figures):
    """Which tokens a sliding layer lets the suffix see, and what else is Gemma's own."""
    decoder = model.decoder
    hidden = decoder.hidden(len(figures.ids), figures.places, 0)
    visible = (hidden[-figures.suffix :, figures.places] == 0).sum(-1)
    return {
        "image_token_id": model.image_token,
        "vocab_size": model.config["text_config"]["vocab_size"],
        "layer_types": [
            "sliding_attention" if decoder.slides(n) else "full_attention" for n in range(model.shape.layers)
        ],
        "sliding_window": decoder.window,
        "sliding_visible_counts": visible.tolist(),
        "embed_scale": float(decoder.factor),
        "rope_theta": model.shape.theta,
    }


def smol_geometry(model, figures, size):
    """The sizes that the picture is brought to, (width, height), and its tiles."""
    config, tiling = model.config, Tiling(*size, model.preprocessor)
    tiles = tiling.rows * tiling.columns + 1
    return {
        "image_token_id": model.image_token,
        "vocab_size": config["text_config"]["vocab_size"],
        "image_size": config["vision_config"]["image_size"],
        "patch_size": config["vision_config"]["patch_size"],
        "scale_factor": config["scale_factor"],
        "longest_edge": model.preprocessor["size"]["longest_edge"],
        "resized": {"first": tiling.first, "second": tiling.second},
        "tiles": tiles,
        "tile_grid": {"rows": tiling.rows, "columns": tiling.columns},
        "tokens_per_tile": figures.count // tiles,
        "rope_theta": model.shape.theta,
    }


def fits(model, figures, answer, lead, ends):
    """Whether random weights make a case that tests something: clear tokens, a text, heads that matter."""
    text = model.tokenizer.decode(answer)
    intact, ablated = figures.ends()
    return (
        lead > 0.1
        and text is not None
        and text.isprintable()
        and text == text.strip()
        and len(text) > 2
        and not set(answer) & {*ends, *model.tokenizer.added.values()}
        and intact - ablated > 1
    )


def token_checks(tokenizer):
    texts = [*TEXTS, "naïve café, 42 dogs' tails\n\nand  12 more", "象 and a smile 🙂"]
    if tokenizer.kind == "digits":
        texts += ["12345 67 ½ ٣", "it isn't  5", "<row_1_col_2><image>\n\n<global-img>", "<row_7_col_1>"]
    return [{"text": text, "ids": tokenizer.encode(text)} for text in texts]


def make(folder, case):
    """Writes a case folder anew, its weights by the first seed from the case's own on that fits."""
    shutil.rmtree(folder, ignore_errors=True)
    config = write_folder(folder / "model", case.published, case.sizes, case.padding_rows)
    names = write_pictures(folder, case)
    paths = [folder / name for name in names]
    prompt = case.prompt.replace("{question}", QUESTION)
    ends = read_json(folder / "model" / "generation_config.json")["eos_token_id"]
    ends = ends if isinstance(ends, list) else [ends]
    seed = case.seed
    while True:
        weights = random_weights(config, seed, case.dtype)
        doubled = {name: tensor.double() for name, tensor in weights.items()}
        model = Model(folder / "model", case.fields.get("max_num", 1), doubled)
        figures = Figures(model, paths, prompt)
        answer, lead = figures.generated(4, ends)
        if fits(model, figures, answer, lead, ends):
            break
        seed += 1

    write_weights(folder / "model", weights, case.files)
    given = masks_of(figures, seed)
    targets = answer_tokens(figures, answer)
    tensors = figures.tensors(given | targets)
    stored = {
        name: value.double() if name.startswith(("f_", "df_")) else value.float()
        for name, value in tensors.items()
    }
    jpeg = next((name for name in names if name.endswith(".jpg")), None)
    if jpeg:
        stored["jpeg_pixels"] = torch.from_numpy(np.asarray(open_rgb(folder / jpeg)).copy())
    write_safetensors(folder / "case.safetensors", stored | given)
    intact, ablated = figures.ends()
    shape = model.shape
    write_lines(
        folder / "case.json",
        {
            "family": model.family,
            "prompt": prompt,
            "question": QUESTION,
            "dtype": str(case.dtype).removeprefix("torch."),
            **geometry(model, figures, paths),
            **({"jpeg": jpeg} if jpeg else {}),
            "token_checks": token_checks(model.tokenizer),
            "images": names,
            "input_ids": figures.ids,
            "image_start": figures.start,
            "image_length": figures.count,
            **({"image_runs": figures.runs} if len(figures.runs) > 1 else {}),
            "layers": shape.layers,
            "heads": shape.heads,
            "kv_heads": shape.kv_heads,
            "head_dim": shape.head_dim,
            "target": figures.target,
            "generated": answer,
            "answer": model.tokenizer.decode(answer),
            "f_intact": intact,
            "f_ablated": ablated,
            **targets,
            "how": "float64 from the stored weights; whole passes of tests/Golden/reference, nothing cached",
            "weights_seed": seed,
        },
    )
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder.name}: seed {seed}, {lead:.2f} ahead, f {intact:.2f} and {ablated:.2f}, {size:,} bytes")
