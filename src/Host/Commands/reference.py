# python reference.py MODEL_FOLDER PICTURE QUESTION > reference.json   (torch, pillow, a transformers with the family)
import json, sys, torch
from transformers import AutoModelForImageTextToText, AutoProcessor
from transformers.image_utils import load_image

folder, picture, question = sys.argv[1:]
processor = AutoProcessor.from_pretrained(folder, use_fast=False)
model = AutoModelForImageTextToText.from_pretrained(folder).float().eval()
turn = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}
text = processor.apply_chat_template([turn], add_generation_prompt=True)
bos = processor.tokenizer.bos_token  # Gemma's, Idefics3's templates write it, and their tokenizers would again
inputs = processor(images=[load_image(picture)], text=[text], return_tensors="pt",
                   add_special_tokens=not (bos and text.startswith(bos)))
with torch.no_grad():
    out = model(**inputs, use_cache=True)
ids, config = inputs["input_ids"][0], model.config
image = (ids == getattr(config, "image_token_id", getattr(config, "image_token_index", None))).nonzero()[:, 0]
kv = [(layer[0][0][:, image], layer[1][0][:, image]) for layer in out.past_key_values]  # [H_kv, P, d]
logits, tokens = out.logits[0, -1].topk(20)
json.dump({"picture": picture, "question": question, "dtype": "float32",
           "pixel_norm": inputs["pixel_values"].norm().item(), "input_ids": ids.tolist(),
           "top_tokens": tokens.tolist(), "top_logits": logits.tolist(),
           "key_norms": [k.norm().item() for k, _ in kv], "value_norms": [v.norm().item() for _, v in kv],
           "last_keys": [k[0, -1].tolist() for k, _ in kv]}, sys.stdout)
