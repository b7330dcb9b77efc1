"""Names and shapes of a checkpoint's tensors, and random values for them that let the picture matter."""

import torch

from . import gemma, smolvlm
from .qwen import deep_shapes, window_shapes
from .siglip import tower_shapes
from .towers import HfInternNames, InternNames

PATCH = 14


def decoder(text, prefix, names):
    """Tensors of a Llama, Qwen2 or Qwen3 decoder; names: of its embedding, last norm and head under the prefix."""
    d, inner = text["hidden_size"], text["intermediate_size"]
    size = text.get("head_dim") or d // text["num_attention_heads"]
    queries = size * text["num_attention_heads"]
    keys = size * text.get("num_key_value_heads", text["num_attention_heads"])
    shapes = {prefix + names["embedding"]: (text["vocab_size"], d), prefix + names["norm"]: (d,)}
    for n in range(text["num_hidden_layers"]):
        layer = f"{prefix}layers.{n}."
        shapes |= {
            layer + "input_layernorm.weight": (d,),
            layer + "post_attention_layernorm.weight": (d,),
            layer + "self_attn.q_proj.weight": (queries, d),
            layer + "self_attn.k_proj.weight": (keys, d),
            layer + "self_attn.v_proj.weight": (keys, d),
            layer + "self_attn.o_proj.weight": (d, queries),
            layer + "mlp.gate_proj.weight": (inner, d),
            layer + "mlp.up_proj.weight": (inner, d),
            layer + "mlp.down_proj.weight": (d, inner),
        }
        if text["model_type"] == "qwen3":
            shapes |= {f"{layer}self_attn.{part}_norm.weight": (size,) for part in "qk"}
        elif text["model_type"] != "llama":
            for part, rows in [("q", queries), ("k", keys), ("v", keys)]:
                shapes[f"{layer}self_attn.{part}_proj.bias"] = (rows,)
    return shapes


def internlm2(text, prefix):
    d, inner = text["hidden_size"], text["intermediate_size"]
    rows = d // text["num_attention_heads"] * (text["num_attention_heads"] + 2 * text["num_key_value_heads"])
    shapes = {prefix + "tok_embeddings.weight": (text["vocab_size"], d), prefix + "norm.weight": (d,)}
    for n in range(text["num_hidden_layers"]):
        layer = f"{prefix}layers.{n}."
        shapes |= {
            layer + "attention_norm.weight": (d,),
            layer + "ffn_norm.weight": (d,),
            layer + "attention.wqkv.weight": (rows, d),
            layer + "attention.wo.weight": (d, d),
            layer + "feed_forward.w1.weight": (inner, d),
            layer + "feed_forward.w3.weight": (inner, d),
            layer + "feed_forward.w2.weight": (d, inner),
        }
    return shapes


def with_biases(names):
    """[out, in] of linear layers and (n,) of norms, each with its bias."""
    shapes = {}
    for name, shape in names.items():
        shapes[name + ".weight"], shapes[name + ".bias"] = shape, (shape[0],)
    return shapes


def clip(vision):
    d, inner = vision["hidden_size"], vision["intermediate_size"]
    tower = "vision_tower.vision_model."
    shapes = {
        tower + "embeddings.class_embedding": (d,),
        tower + "embeddings.patch_embedding.weight": (d, 3, PATCH, PATCH),
        tower + "embeddings.position_embedding.weight": ((vision["image_size"] // PATCH) ** 2 + 1, d),
    } | with_biases({tower + "pre_layrnorm": (d,), tower + "post_layernorm": (d,)})
    for n in range(vision["num_hidden_layers"]):
        block = f"{tower}encoder.layers.{n}."
        shapes |= with_biases(
            {f"{block}self_attn.{part}_proj": (d, d) for part in ("q", "k", "v", "out")}
            | {
                block + "layer_norm1": (d,),
                block + "layer_norm2": (d,),
                block + "mlp.fc1": (inner, d),
                block + "mlp.fc2": (d, inner),
            }
        )
    return shapes


def intern(vision, width, names):
    d, inner = vision["hidden_size"], vision["intermediate_size"]
    side = vision["image_size"][0] if isinstance(vision["image_size"], list) else vision["image_size"]
    norm, linear1, linear2 = names.projector
    shapes = {
        names.class_token: (1, 1, d),
        names.positions: (1, (side // PATCH) ** 2 + 1, d),
        names.patches + ".weight": (d, 3, PATCH, PATCH),
        names.patches + ".bias": (d,),
    } | with_biases({norm: (4 * d,), linear1: (width, 4 * d), linear2: (width, width)})
    for n in range(vision["num_hidden_layers"]):
        block = f"{names.blocks}.{n}."
        shapes |= {block + names.scale1: (d,), block + names.scale2: (d,)}
        shapes |= with_biases(
            {block + part: (3 * d // len(names.qkv), d) for part in names.qkv}
            | {
                block + names.output: (d, d),
                block + names.norm1: (d,),
                block + names.norm2: (d,),
                block + "mlp.fc1": (inner, d),
                block + "mlp.fc2": (d, inner),
            }
        )
    return shapes


def qwen(vision):
    d, inner = vision["embed_dim"], vision["embed_dim"] * vision["mlp_ratio"]
    shapes = {"visual.patch_embed.proj.weight": (d, 3, 2, PATCH, PATCH)}
    shapes |= with_biases(
        {
            "visual.merger.ln_q": (d,),
            "visual.merger.mlp.0": (4 * d, 4 * d),
            "visual.merger.mlp.2": (vision["hidden_size"], 4 * d),
        }
    )
    for n in range(vision["depth"]):
        block = f"visual.blocks.{n}."
        shapes |= with_biases(
            {
                block + "attn.qkv": (3 * d, d),
                block + "attn.proj": (d, d),
                block + "norm1": (d,),
                block + "norm2": (d,),
                block + "mlp.fc1": (inner, d),
                block + "mlp.fc2": (d, inner),
            }
        )
    return shapes


def shapes_of(config):
    """Every tensor that the hub's file of this configuration holds."""
    kind, names = config["model_type"], {"embedding": "embed_tokens.weight", "norm": "norm.weight"}
    if kind == "gemma3":
        return gemma.shapes_of(config)
    if kind in ("qwen2_vl", "qwen2_5_vl", "qwen3_vl"):
        root = "model.language_model." if kind == "qwen3_vl" else "model."
        text = config["text_config"] | {"model_type": "qwen3"} if kind == "qwen3_vl" else config
        tower = {"qwen2_vl": qwen, "qwen2_5_vl": window_shapes, "qwen3_vl": deep_shapes}[kind]
        shapes = decoder(text, root, names) | tower(config["vision_config"])
        head = "lm_head.weight"
        return shapes if config["tie_word_embeddings"] else shapes | {head: shapes[root + "embed_tokens.weight"]}
    if kind == "smolvlm":
        shapes = decoder(config["text_config"], smolvlm.TEXT, names) | smolvlm.tower_shapes(config)
        return shapes | {"lm_head.weight": shapes[smolvlm.TEXT + names["embedding"]]}
    prefix = "language_model.model."
    if kind in ("internvl_chat", "internvl"):
        text = config["llm_config" if kind == "internvl_chat" else "text_config"]
        layout = InternNames if kind == "internvl_chat" else HfInternNames
        shapes = intern(config["vision_config"], text["hidden_size"], layout)
        head = (text["vocab_size"], text["hidden_size"])
        if text["model_type"] == "internlm2":
            return shapes | internlm2(text, prefix) | {"language_model.output.weight": head}
        return shapes | decoder(text, prefix, names) | {"language_model.lm_head.weight": head}
    text, vision = config["text_config"], config["vision_config"]
    width = text["hidden_size"]
    shapes = decoder(text, prefix, names) | (tower_shapes if kind == "llava_onevision" else clip)(vision)
    shapes |= with_biases(
        {
            "multi_modal_projector.linear_1": (width, vision["hidden_size"]),
            "multi_modal_projector.linear_2": (width, width),
        }
    )
    if not text.get("tie_word_embeddings"):
        shapes["language_model.lm_head.weight"] = (text["vocab_size"], width)
    return shapes | ({"image_newline": (width,)} if kind in ("llava_next", "llava_onevision") else {})


def is_norm(name):
    norms = ("norm.weight", "norm1.weight", "norm2.weight", "ln_q.weight", "mlp1.0.weight")
    return name.endswith((*norms, "layernorm_before.weight", "layernorm_after.weight"))


def random_weights(config, seed, dtype):
    """
    Values by a generator of the seed, rounded to what is stored. Attention is sharp enough that heads differ, and
    logits have a spread of about three.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in sorted(shapes_of(config).items()):
        normal = torch.randn(shape, generator=generator, dtype=torch.float64)
        own = gemma.value(name, shape, normal) if config["model_type"] == "gemma3" else None
        if own is not None:
            value = own
        elif is_norm(name):
            value = 1 + 0.1 * normal
        elif name.endswith((".ls1", ".ls2", ".lambda_1", ".lambda_2")):
            value = 0.7 + 0.1 * normal
        elif name.endswith(".bias"):
            value = 0.1 * normal
        elif len(shape) == 1 or "embeddings" in name and "patch" not in name or "embed_tokens" in name or "pos_embed" in name:
            value = 0.4 * normal
        else:
            sharp = name.endswith(("q_proj.weight", "k_proj.weight", "wqkv.weight", "qkv.weight"))
            wide = name.endswith(("lm_head.weight", "output.weight"))
            value = normal * (1.5 if sharp else 3 if wide else 1) / (normal[0].numel() ** 0.5)
        weights[name] = value.to(dtype)
    return weights
