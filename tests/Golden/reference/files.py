"""Files of a checkpoint and of a case: JSON and safetensors."""

import json
import struct
from pathlib import Path

import torch

TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "U8": torch.uint8,
    "I64": torch.int64,
}
NAMES = {dtype: name for name, dtype in TYPES.items()}


def read_json(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_json(path, value):
    text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    Path(path).write_bytes(text.encode("utf-8"))


def write_lines(path, value):
    """An object with each of its fields on a line."""
    lines = (f"{json.dumps(name)}: {json.dumps(part, ensure_ascii=False)}" for name, part in value.items())
    Path(path).write_bytes(("{\n  " + ",\n  ".join(lines) + "\n}\n").encode("utf-8"))


def read_safetensors(path):
    """All tensors of a file: eight bytes of length, a JSON header, the bytes."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = (8 + length + at for at in entry["data_offsets"])
            values = torch.frombuffer(bytearray(data[start:end]), dtype=TYPES[entry["dtype"]])
            tensors[name] = values.reshape(entry["shape"])
    return tensors


def write_safetensors(path, tensors):
    """Writes tensors in order of their names, the header padded with blanks to eight bytes."""
    header, parts, at = {}, [], 0
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        whole = tensor.view(torch.int16) if tensor.dtype in (torch.bfloat16, torch.float16) else tensor
        part = whole.numpy().tobytes()
        header[name] = {
            "dtype": NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [at, at + len(part)],
        }
        parts.append(part)
        at += len(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def read_checkpoint(folder):
    """The weights of a folder, all its files together, in double precision."""
    weights = {}
    for path in sorted(Path(folder).glob("*.safetensors")):
        for name, tensor in read_safetensors(path).items():
            weights[name] = tensor.double()
    return weights
