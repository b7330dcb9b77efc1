#!/usr/bin/env python3
"""
Golden cases of this folder: tiny random checkpoints and what a plain reference computes from them.

    python3 make.py --check DIR...     hold the reference against cases made elsewhere, figure by figure
    python3 make.py --make [NAME...]   write the cases under cases/ again, all or those named

Needs numpy, torch and Pillow before 13. README.md beside this file says when to use it.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import PIL
import torch

from reference.cases import CASES, make
from reference.figures import Figures
from reference.files import read_json, read_safetensors
from reference.models import Model
from reference.pictures import open_rgb

HERE = Path(__file__).resolve().parent
TOLERANCE = 2e-4
GIVEN = ["masks", "pair_heads", "pair_text", "pair_image", "gate_points"]
GIVEN_FIELDS = ["counter_token", "sequence_tokens", "sequence_other_tokens"]


def largest(found, expected):
    """Largest absolute difference; infinite where the shapes differ."""
    if found.shape != expected.shape:
        return float("inf")
    return float((found.double() - expected.double()).abs().max())


def token_check(tokenizer, row):
    same = tokenizer.encode(row["text"]) == row["ids"]
    return same and ("decoded" not in row or tokenizer.decode(row["ids"]) == row["decoded"])


def check(folder):
    """The largest error of each quantity of a case; true where all are within the tolerance."""
    case, stored = read_json(folder / "case.json"), read_safetensors(folder / "case.safetensors")
    model = Model(folder / case.get("model", "model"), case.get("max_num", 1))
    figures = Figures(model, [folder / name for name in case["images"]], case["prompt"])
    given = {name: stored[name] for name in GIVEN if name in stored}
    given.update((name, case[name]) for name in GIVEN_FIELDS if name in case)
    computed = figures.tensors(given)
    intact, ablated = figures.ends()
    errors = {name: largest(value, stored[name]) for name, value in computed.items() if name in stored}
    for name, picture in [("image_rgb", case["images"][0]), ("jpeg_pixels", case.get("jpeg"))]:
        if name in stored:
            errors[name] = largest(torch.from_numpy(np.array(open_rgb(folder / picture))), stored[name])
    if "image_token_answer" in stored:
        errors["image_token_answer"] = largest(figures.behind([model.image_token]), stored["image_token_answer"])
    if "image_positions" in stored:
        errors["image_positions"] = largest(figures.places, stored["image_positions"])
    errors["f_intact"] = abs(intact - case["f_intact"])
    errors["f_ablated"] = abs(ablated - case["f_ablated"])
    answer, lead = figures.generated(len(case["generated"]), [])
    same = {
        "input_ids": figures.ids == case["input_ids"],
        "image_start": figures.start == case["image_start"],
        "image_length": figures.count == case["image_length"],
        "image_runs": figures.runs == case.get("image_runs", [[figures.start, figures.count]]),
        "target": figures.target == case["target"],
        "generated": answer == case["generated"],
        "token_checks": all(token_check(model.tokenizer, row) for row in case.get("token_checks", [])),
        "answer": model.tokenizer.decode(answer) == case.get("answer", model.tokenizer.decode(answer)),
        "shape": [model.shape.layers, model.shape.heads, model.shape.kv_heads, model.shape.head_dim]
        == [case[name] for name in ("layers", "heads", "kv_heads", "head_dim")],
    }
    if "rope_positions" in case:
        positions = model.positions(len(figures.ids), figures.start, figures.seen[0])
        same["rope_positions"] = positions.tolist() == case["rope_positions"]
    unseen = [name for name in stored if name not in errors and name not in given]
    print(f"{folder.name} ({model.family}, {lead:.2f} ahead)")
    print("  " + ", ".join(f"{name} {error:.1e}" for name, error in errors.items()))
    print("  same: " + ", ".join(name for name, ok in same.items() if ok))
    failed = [name for name, error in errors.items() if not error <= TOLERANCE]
    failed += [name for name, ok in same.items() if not ok]
    if unseen:
        print("  not computed: " + ", ".join(unseen))
    if failed:
        print("  NOT EQUAL: " + ", ".join(failed))
    return not failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--make", nargs="*", choices=[[], *CASES], metavar="NAME")
    arguments = parser.parse_args()
    if int(PIL.__version__.split(".")[0]) >= 13:
        parser.error(f"Pillow {PIL.__version__} resizes in another order of passes: install one before 13")
    if arguments.make is None and not arguments.check:
        parser.error("--check DIR... or --make [NAME...]")
    if arguments.make is not None:
        for name in arguments.make or CASES:
            make(HERE / "cases" / name, CASES[name])
    return 0 if all([check(folder) for folder in arguments.check or []]) else 1


if __name__ == "__main__":
    sys.exit(main())
