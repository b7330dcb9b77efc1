"""
Hub folders of tiny models: the published small files with other sizes and ids, and a tokenizer learnt from a few
sentences.
"""

from pathlib import Path

from .files import read_json, write_json, write_safetensors
from .tokens import BLANK, BYTES, learn, write_sentence_pieces

MODELS = Path(__file__).resolve().parents[3] / "src" / "Models"

# The prompts of the method, and words for the answers.
TEXTS = [
    "What is the main object in the image? Please answer with a single word.",
    "Identify the primary subject in this picture with a single word.",
    "Please specify the key item in this image using one word only.",
    "In one word, what is the primary focus of the photo?",
    "Which single word best describes the main subject of this picture?",
    "USER: ASSISTANT: You are a helpful assistant. system user assistant",
    "dog cat horse bird apple banana bus train chair table clock cup tree house boat bear",
]
MERGES = 90

QWEN_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def moved(value, first, by):
    """Ids of tokens from `first` on, moved; in the fields of configurations that hold them."""
    if isinstance(value, dict):
        return {
            name: moved_id(part, first, by) if name.endswith(("_token_id", "_token_index")) else moved(part, first, by)
            for name, part in value.items()
        }
    return value


def moved_id(value, first, by):
    if isinstance(value, list):
        return [moved_id(part, first, by) for part in value]
    return value + by if value is not None and value >= first else value


def updated(value, changes):
    """Changes in nested objects."""
    value = dict(value)
    for name, change in changes.items():
        value[name] = updated(value[name], change) if isinstance(change, dict) else change
    return value


def added_json(tokens):
    """added_tokens of a tokenizer.json from added_tokens_decoder."""
    keys = ["content", "single_word", "lstrip", "rstrip", "normalized", "special"]
    return [{"id": int(i)} | {key: token[key] for key in keys} for i, token in tokens.items()]


def byte_vocabulary():
    pairs = learn(TEXTS, "bytes", MERGES)
    symbols = sorted(BYTES.values()) + [a + b for a, b in pairs]
    return {symbol: i for i, symbol in enumerate(symbols)}, pairs


def blank_symbols():
    """Pieces and single characters of a vocabulary with a mark for blanks, and the merges."""
    pairs = learn(TEXTS, "blanks", MERGES)
    characters = sorted({BLANK} | {chr(c) for c in range(33, 127)})
    return [a + b for a, b in pairs], characters, pairs


def byte_pieces():
    return [f"<0x{byte:02X}>" for byte in range(256)]


def write_byte_tokenizer(folder, decoder):
    """vocab.json, merges.txt and tokenizer.json of Qwen2's kind; decoder maps ids to added tokens."""
    vocabulary, pairs = byte_vocabulary()
    merges = [f"{a} {b}" for a, b in pairs]
    write_json(folder / "vocab.json", vocabulary)
    (folder / "merges.txt").write_bytes("\n".join(["#version: 0.2", *merges, ""]).encode("utf-8"))
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": QWEN_PATTERN}, "behavior": "Isolated", "invert": False}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added_json(decoder),
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": vocabulary,
            "merges": merges,
        },
    }
    write_json(folder / "tokenizer.json", tokenizer)


def write_blank_tokenizer(folder, decoder, each_stretch):
    """
    tokenizer.json of LLaMA's kind: a blank mark before every stretch of text (LLaVA-1.5), or before the first only
    (LLaVA-NeXT).
    """
    pieces, characters, pairs = blank_symbols()
    symbols = ["<unk>", "<s>", "</s>", *byte_pieces(), *pieces, *characters]
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": BLANK}
    start = [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added_json(decoder),
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": BLANK}, replace]}
        if each_stretch
        else None,
        "pre_tokenizer": None
        if each_stretch
        else {"type": "Metaspace", "replacement": BLANK, "prepend_scheme": "first", "split": False},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": start,
            "pair": start + [{"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": BLANK}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {symbol: i for i, symbol in enumerate(symbols)},
            "merges": [f"{a} {b}" for a, b in pairs],
        },
    }
    write_json(folder / "tokenizer.json", tokenizer)


def internlm2_pieces():
    """(text, score, type); the chat tokens stand in the places of six unused pieces."""
    pieces, characters, _ = blank_symbols()
    listed = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3)]
    listed += [(text, 0.0, 6) for text in byte_pieces()]
    unused = [f"[UNUSED_TOKEN_{n}]" for n in range(141, 147)]
    return listed + [(text, -float(rank), 1) for rank, text in enumerate([*pieces, *characters, *unused])]


def write_folder(folder, published, sizes, padding_rows=0):
    """
    The small files of a model: those published as `published`, with `sizes` in config.json and
    preprocessor_config.json, and ids after the small vocabulary. Returns the configuration.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (source,) = MODELS.rglob(f"Configs/{published}")
    config = read_json(source / "config.json")
    settings = read_json(source / "tokenizer_config.json")
    text = next((config[name] for name in ("text_config", "llm_config") if name in config), config)
    plain = {"llama": 32000, "internlm2": 92544}.get(text["model_type"], 151643)
    if text["model_type"] == "llama":
        small = 3 + 256 + sum(len(part) for part in blank_symbols()[:2])
    elif text["model_type"] == "internlm2":
        small = len(internlm2_pieces())
    else:
        small = len(byte_vocabulary()[0])
    first = 92538 if text["model_type"] == "internlm2" else plain
    by = small - plain
    decoder = {str(moved_id(int(i), first, by)): t for i, t in settings["added_tokens_decoder"].items()}
    settings["added_tokens_decoder"] = decoder
    extra = read_json(source / "added_tokens.json") if (source / "added_tokens.json").exists() else {}
    added = {token: i + by for token, i in extra.items()}
    rows = 1 + max([*added.values(), *(int(i) for i in decoder)]) + padding_rows

    config = updated(moved(config, first, by), sizes["config"])
    for part in (config, config.get("text_config"), config.get("llm_config")):
        if part is not None and "vocab_size" in part:
            part["vocab_size"] = rows
    if "text_config" in config:
        config["vision_config"]["vocab_size"] = small
    write_json(folder / "config.json", config)
    write_json(folder / "tokenizer_config.json", settings)
    if added:
        write_json(folder / "added_tokens.json", added)
    preprocessor = updated(read_json(source / "preprocessor_config.json"), sizes.get("preprocessor", {}))
    write_json(folder / "preprocessor_config.json", preprocessor)
    write_json(folder / "generation_config.json", moved(read_json(source / "generation_config.json"), first, by))
    for name in ("processor_config.json", "special_tokens_map.json", "chat_template.json"):
        if (source / name).exists():
            write_json(folder / name, read_json(source / name))

    if text["model_type"] == "llama":
        write_blank_tokenizer(folder, decoder, each_stretch=config["model_type"] == "llava")
    elif text["model_type"] == "internlm2":
        write_sentence_pieces(folder / "tokenizer.model", internlm2_pieces())
    else:
        write_byte_tokenizer(folder, decoder)
    return config


def write_weights(folder, weights, files):
    """One file, or several with their index."""
    names = sorted(weights)
    if files == 1:
        write_safetensors(folder / "model.safetensors", weights)
        return
    size = -(-len(names) // files)
    places = {}
    for n in range(files):
        file = f"model-{n + 1:05d}-of-{files:05d}.safetensors"
        part = names[n * size : (n + 1) * size]
        write_safetensors(folder / file, {name: weights[name] for name in part})
        places |= {name: file for name in part}
    total = sum(tensor.numel() * tensor.element_size() for tensor in weights.values())
    write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": places})
