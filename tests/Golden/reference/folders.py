"""
Hub folders of tiny models: the published small files with other sizes and ids, and a tokenizer learnt from a few
sentences.
"""

from pathlib import Path

from . import gemma
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
SMOL_PLAIN = 49152

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


def byte_vocabulary(kind="bytes", first=(), last=()):
    """Ids of `first` (texts of added tokens), the bytes and what merges make; and the merges, `last` behind them."""
    pairs = [*learn(TEXTS, kind, MERGES), *last]
    symbols = [*first, *sorted(BYTES.values()), *(a + b for a, b in pairs)]
    return {symbol: i for i, symbol in enumerate(symbols)}, pairs


def smol_vocabulary(settings):
    """Added tokens begin SmolLM2's, and two line feeds, as behind the tiles of a picture, are one token."""
    first = [token["content"] for i, token in settings["added_tokens_decoder"].items() if int(i) < SMOL_PLAIN]
    return byte_vocabulary("digits", first, [(BYTES[10], BYTES[10])])


def blank_symbols():
    """Pieces and single characters of a vocabulary with a mark for blanks, and the merges."""
    pairs = learn(TEXTS, "blanks", MERGES)
    characters = sorted({BLANK} | {chr(c) for c in range(33, 127)})
    return [a + b for a, b in pairs], characters, pairs


def byte_pieces():
    return [f"<0x{byte:02X}>" for byte in range(256)]


def qwen_parts():
    """How Qwen2's tokenizer.json takes text apart."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": QWEN_PATTERN}, "behavior": "Isolated", "invert": False}
    return {
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": byte_level,
        "decoder": byte_level,
    }


def smol_parts():
    """How SmolLM2's does."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    digits = {"type": "Digits", "individual_digits": True}
    return {
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [digits, byte_level]},
        "post_processor": None,
        "decoder": byte_level | {"add_prefix_space": True},
    }


def write_byte_tokenizer(folder, decoder, vocabulary, pairs, parts):
    """vocab.json, merges.txt and tokenizer.json; decoder maps ids to added tokens."""
    merges = [f"{a} {b}" for a, b in pairs]
    write_json(folder / "vocab.json", vocabulary)
    (folder / "merges.txt").write_bytes("\n".join(["#version: 0.2", *merges, ""]).encode("utf-8"))
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added_json(decoder),
        **parts,
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
    if config["model_type"] == "gemma3":
        return write_gemma_folder(folder, source, config, settings, sizes)
    text = next((config[name] for name in ("text_config", "llm_config") if name in config), config)
    kind = "smolvlm" if config["model_type"] == "smolvlm" else text["model_type"]
    plain = {"llama": 32000, "internlm2": 92544, "smolvlm": SMOL_PLAIN}.get(kind, 151643)
    vocabulary, pairs = smol_vocabulary(settings) if kind == "smolvlm" else byte_vocabulary()
    if kind == "llama":
        small = 3 + 256 + sum(len(part) for part in blank_symbols()[:2])
    elif kind == "internlm2":
        small = len(internlm2_pieces())
    else:
        small = len(vocabulary)
    first = 92538 if kind == "internlm2" else plain
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
    if config["model_type"] in ("llava", "llava_next"):
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
            changes = sizes.get("processor", {}) if name == "processor_config.json" else {}
            write_json(folder / name, updated(read_json(source / name), changes))
    if (source / "chat_template.jinja").exists():
        (folder / "chat_template.jinja").write_bytes((source / "chat_template.jinja").read_bytes())

    if kind == "llama":
        write_blank_tokenizer(folder, decoder, each_stretch=config["model_type"] == "llava")
    elif kind == "internlm2":
        write_sentence_pieces(folder / "tokenizer.model", internlm2_pieces())
    else:
        parts = smol_parts() if kind == "smolvlm" else qwen_parts()
        write_byte_tokenizer(folder, decoder, vocabulary, pairs, parts)
    return config


def write_gemma_folder(folder, source, config, settings, sizes):
    """As write_folder: a vocabulary whose first pieces are added tokens, and one of the picture's behind all."""
    pieces, characters, pairs = blank_symbols()
    added = gemma.added_tokens(0)
    texts = [text for text, _ in added.values()][:-1]
    symbols = [*texts, *byte_pieces(), *pieces, *characters]
    added = gemma.added_tokens(len(symbols))
    ids = {text: i for i, (text, _) in added.items()}
    plain = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    decoder = {str(i): {"content": text} | plain | {"special": special} for i, (text, special) in added.items()}
    runs = [text for text in texts if set(text) == {BLANK}]
    merges = [f"{run[1:]} {BLANK}" for run in runs] + [f"{a} {b}" for a, b in pairs]
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": BLANK}
    start = [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added_json(decoder),
        "normalizer": replace,
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"String": " "},
            "behavior": "MergedWithPrevious",
            "invert": False,
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": start,
            "pair": start + [{"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<bos>": {"id": "<bos>", "ids": [ids["<bos>"]], "tokens": ["<bos>"]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": BLANK}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
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
            "merges": merges,
        },
    }
    ends = [ids["<eos>"], ids["<end_of_turn>"]]
    config = updated(config, sizes["config"]) | {
        "boi_token_index": ids[gemma.START],
        "eoi_token_index": ids[gemma.END],
        "eos_token_id": ends,
        "image_token_index": ids[gemma.SOFT],
    }
    config["text_config"]["vocab_size"] = len(symbols) + 8
    settings["added_tokens_decoder"] = decoder
    write_json(folder / "config.json", config)
    write_json(folder / "tokenizer.json", tokenizer)
    write_json(folder / "tokenizer_config.json", settings)
    write_json(folder / "added_tokens.json", {gemma.SOFT: ids[gemma.SOFT]})
    write_json(
        folder / "generation_config.json", read_json(source / "generation_config.json") | {"eos_token_id": ends}
    )
    for name in ("preprocessor_config.json", "processor_config.json", "special_tokens_map.json", "chat_template.json"):
        write_json(folder / name, updated(read_json(source / name), sizes.get(name, {})))
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
