"""Byte-pair tokenizers as the hub stores them: read, applied, and learnt from a little text."""

import re
import struct
import unicodedata
from collections import Counter
from itertools import groupby
from pathlib import Path

from .files import read_json

BLANK = "\u2581"

# The pattern of Qwen2's tokenizer.json, \p{L} and \p{N} in the words of Python's re.
LETTER, NO_WORD = r"[^\W\d_]", r"(?:[^\s\w]|_)"
PIECES = re.compile(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    + rf"|(?:[^\r\n\w]|_)?{LETTER}+|\d| ?{NO_WORD}+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

# GPT-2's pattern for text that has no numbers in it.
PLAIN_PIECES = re.compile(rf"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W_]+| ?{NO_WORD}+|\s+(?!\S)|\s+")


def words_of(kind, text):
    """What merges do not reach beyond: Qwen2's words; with `digits` SmolLM2's, where every number stands alone."""
    if kind == "bytes":
        return PIECES.findall(unicodedata.normalize("NFC", text))
    words = []
    for is_number, part in groupby(text, lambda c: unicodedata.category(c)[0] == "N"):
        words += part if is_number else PLAIN_PIECES.findall("".join(part))
    return words


def byte_characters():
    """A printable character for each byte, as GPT-2 has them."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}


BYTES = byte_characters()
CHARACTERS = {character: byte for byte, character in BYTES.items()}


def merged(symbols, ranks):
    """Joins the pair of the best rank, the first of them, until no pair has one."""
    symbols = list(symbols)
    while True:
        ranked = [
            (ranks[pair], i) for i, pair in enumerate(zip(symbols, symbols[1:])) if pair in ranks
        ]
        if not ranked:
            return symbols
        _, i = min(ranked)
        symbols[i : i + 2] = [symbols[i] + symbols[i + 1]]


class Tokenizer:
    """Text to ids, the added tokens cut out first. `kind`: bytes, digits, blanks (all stretches), first, plain."""

    def __init__(self, kind, vocabulary, ranks, added, start, special=()):
        self.is_bytes = kind in ("bytes", "digits")
        self.kind, self.vocabulary, self.ranks, self.added, self.start = kind, vocabulary, ranks, added, start
        self.special = set(special)
        self.texts = {i: text for text, i in (vocabulary | added).items()}

    @staticmethod
    def read(folder):
        folder = Path(folder)
        if (folder / "tokenizer.json").exists():
            return Tokenizer.of_json(read_json(folder / "tokenizer.json"))
        settings = read_json(folder / "tokenizer_config.json")["added_tokens_decoder"]
        added = {token["content"]: int(i) for i, token in settings.items()}
        special = [int(i) for i, token in settings.items() if token["special"]]
        if (folder / "tokenizer.model").exists():
            return Tokenizer.of_pieces((folder / "tokenizer.model").read_bytes(), added, special)
        lines = (folder / "merges.txt").read_text(encoding="utf-8").split("\n")
        pairs = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
        return Tokenizer("bytes", read_json(folder / "vocab.json"), ranks_of(pairs), added, [], special)

    @staticmethod
    def of_json(json):
        model = json["model"]
        pairs = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in model["merges"]]
        added = {token["content"]: token["id"] for token in json["added_tokens"]}
        special = [token["id"] for token in json["added_tokens"] if token["special"]]
        first = (json["post_processor"] or {}).get("single", [{}])[0]
        start = [added[first["SpecialToken"]["id"]]] if "SpecialToken" in first else []
        normalizer = json["normalizer"] or {"type": None}
        kind = {"NFC": "bytes", "Sequence": "blanks", "Replace": "plain"}.get(normalizer["type"], "first")
        if any(part["type"] == "Digits" for part in (json["pre_tokenizer"] or {}).get("pretokenizers", [])):
            kind = "digits"
        return Tokenizer(kind, model["vocab"], ranks_of(pairs), added, start, special)

    @staticmethod
    def of_pieces(data, added, special):
        """A SentencePiece model: of two neighbours the piece of the larger score is joined first."""
        pieces = [(text, score) for text, score, _ in sentence_pieces(data)]
        scores = dict(pieces)
        ranks = {
            (text[:i], text[i:]): -score
            for text, score in pieces
            for i in range(1, len(text))
            if text[:i] in scores and text[i:] in scores
        }
        return Tokenizer("plain", {text: i for i, (text, _) in enumerate(pieces)}, ranks, added, [1], special)

    def encode(self, text):
        ids = list(self.start)
        pattern = "|".join(re.escape(token) for token in sorted(self.added, key=len, reverse=True))
        for number, stretch in enumerate(re.split(f"({pattern})", text)):
            if stretch in self.added:
                ids.append(self.added[stretch])
            elif stretch:
                ids.extend(self.ids_of(stretch, number == 0))
        return ids

    def ids_of(self, text, is_first):
        if self.is_bytes:
            words = words_of(self.kind, text)
            symbols = [
                s for word in words for s in merged((BYTES[b] for b in word.encode("utf-8")), self.ranks)
            ]
            return [self.vocabulary[s] for s in symbols]
        text = text.replace(" ", BLANK)
        if self.kind == "blanks" or (self.kind == "first" and is_first):
            text = BLANK + text
        ids = []
        for symbol in merged(text, self.ranks):
            ids += (
                [self.vocabulary[symbol]]
                if symbol in self.vocabulary
                else [self.vocabulary[f"<0x{byte:02X}>"] for byte in symbol.encode("utf-8")]
            )
        return ids

    def decode(self, ids):
        """Text of ids without the special tokens; None where the bytes are no UTF-8."""
        data = b""
        for i in ids:
            text = self.texts.get(i)
            if text is None:
                return None
            if i in self.special:
                continue
            if text in self.added:
                data += (text if self.is_bytes else text.replace(BLANK, " ")).encode("utf-8")
            elif self.is_bytes:
                data += bytes(CHARACTERS[c] for c in text)
            elif re.fullmatch("<0x[0-9A-F]{2}>", text):
                data += bytes([int(text[3:5], 16)])
            else:
                data += text.replace(BLANK, " ").encode("utf-8")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return None
        return text[1:] if self.kind in ("blanks", "first") and text.startswith(" ") else text


def ranks_of(pairs):
    return {pair: rank for rank, pair in enumerate(pairs)}


def learn(texts, kind, count):
    """The `count` most frequent merges of some texts, one after the other; ties to the first in order."""
    if kind in ("bytes", "digits"):
        words = Counter(w for text in texts for w in words_of(kind, text))
        parts = {tuple(BYTES[b] for b in w.encode("utf-8")): n for w, n in words.items()}
    else:
        words = Counter(BLANK + w for text in texts for w in text.split(" "))
        parts = {tuple(w): n for w, n in words.items()}
    pairs = []
    for _ in range(count):
        seen = Counter()
        for symbols, n in parts.items():
            for pair in zip(symbols, symbols[1:]):
                seen[pair] += n
        best = max(sorted(seen), key=lambda pair: seen[pair])
        pairs.append(best)
        parts = {tuple(merged(symbols, ranks_of(pairs))): n for symbols, n in parts.items()}
    return pairs


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data):
    """(number, value) of a protobuf message: whole numbers, bytes, four bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            value, at = data[at : at + 4], at + 4
        yield key >> 3, value


def sentence_pieces(data):
    """(text, score, type) of each piece; type 1 is normal, 2 unknown, 3 control, 6 a byte."""
    pieces = []
    for number, value in fields(data):
        if number == 1:
            piece = dict(fields(value))
            pieces.append((piece[1].decode("utf-8"), struct.unpack("<f", piece[2])[0], piece.get(3, 1)))
    return pieces


def message(number, data):
    """A field of bytes."""
    length, head = len(data), bytes([number << 3 | 2])
    while length >= 128:
        head, length = head + bytes([length & 127 | 128]), length >> 7
    return head + bytes([length]) + data


def write_sentence_pieces(path, pieces):
    """A SentencePiece BPE model with byte fallback, no blank in front and no normalisation, as InternLM2's."""
    data = b""
    for text, score, kind in pieces:
        piece = message(1, text.encode("utf-8")) + b"\x15" + struct.pack("<f", score)
        data += message(1, piece if kind == 1 else piece + bytes([3 << 3, kind]))
    trainer = bytes([3 << 3, 2]) + b"\x98\x02\x01"  # BPE; byte_fallback
    normalizer = message(1, b"identity") + bytes([3 << 3, 0, 4 << 3, 0])  # no dummy prefix, all blanks kept
    Path(path).write_bytes(data + message(2, trainer) + message(3, normalizer))
