"""Small WebP, GIF and BMP files and what Pillow makes of them (Debian's python3-pil 9.4.0, libwebp 1.2.4).

    /usr/bin/python3 make.py        # writes the files beside it, and expected.json

expected.json: file, format, mode (Pillow's), width, height, rgb (base64 of uint8 [height, width, 3]):
ImageOps.exif_transpose(Image.open(f)).convert('RGB'), as transformers' load_image has it. `lossy`: decoders may differ.
"""
import base64, io, json, os, random, struct
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
rows = []
random.seed(5)


def texture(width, height, channels=3):
    """Gradients with noise: every value, no two rows alike."""
    data = bytes((x * 9 + y * 5 + c * 40 + random.randrange(50)) % 256
                 for y in range(height) for x in range(width) for c in range(channels))
    return Image.frombytes({1: "L", 3: "RGB", 4: "RGBA"}[channels], (width, height), data)


def add(name, data, lossy=False):
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(data)
    image = Image.open(io.BytesIO(data))
    form, mode = image.format, image.mode
    rgb = ImageOps.exif_transpose(image).convert("RGB")
    row = dict(file=name, format=form, mode=mode, width=rgb.width, height=rgb.height,
               rgb=base64.b64encode(rgb.tobytes()).decode())
    if lossy:
        row["lossy"] = True
    rows.append(row)


def saved(image, form, **options):
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def bmp(width, height, bits, pixels, compression=0, palette=b"", colours=0, header=40, after=b"", top_down=False):
    """A bitmap by hand: what Pillow does not write."""
    offset = 14 + header + len(after) + len(palette)
    head = struct.pack("<IiiHHIIiiII", header, width, -height if top_down else height, 1, bits, compression, len(pixels), 2835, 2835, colours, 0)
    body = head + b"\0" * max(0, header - 40) if not after or header == 40 else head + after + b"\0" * (header - 40 - len(after))
    tail = after if header == 40 else b""
    offset = 14 + len(body) + len(tail) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset) + body + tail + palette + pixels


# BMP
add("rgb24.bmp", saved(texture(13, 9), "BMP"))
add("rgba32.bmp", saved(texture(11, 7, 4), "BMP"))
add("gray8.bmp", saved(texture(10, 6, 1), "BMP"))
add("palette8.bmp", saved(texture(15, 11).quantize(200), "BMP"))
add("bilevel1.bmp", saved(texture(19, 5, 1).convert("1"), "BMP"))
colours16 = bytes(random.randrange(256) if i % 4 < 3 else 0 for i in range(64))
add("palette4.bmp", bmp(7, 5, 4, bytes(random.randrange(256) for _ in range(4 * 5)), palette=colours16))
add("palette4_of_5_colours.bmp", bmp(7, 5, 4, bytes(random.randrange(5) * 16 + random.randrange(5) for _ in range(4 * 5)), palette=colours16[:20], colours=5))
add("palette1.bmp", bmp(35, 3, 1, bytes(random.randrange(256) for _ in range(8 * 3)), palette=colours16[:8]))
words = bytes(random.randrange(256) for _ in range(12 * 6))
add("rgb555.bmp", bmp(5, 6, 16, words))
add("rgb565.bmp", bmp(5, 6, 16, words, compression=3, after=struct.pack("<III", 0xF800, 0x7E0, 0x1F)))
add("rgb555_masks.bmp", bmp(5, 6, 16, words, compression=3, after=struct.pack("<III", 0x7C00, 0x3E0, 0x1F)))
quads = bytes(random.randrange(256) for _ in range(20 * 6))
add("bgrx32.bmp", bmp(5, 6, 32, quads))
add("rgba32_masks_v4.bmp", bmp(5, 6, 32, quads, compression=3, header=108, after=struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)))
add("abgr32_masks_v5.bmp", bmp(5, 6, 32, quads, compression=3, header=124, after=struct.pack("<IIII", 0xFF, 0xFF00, 0xFF0000, 0xFF000000)))
add("top_down.bmp", bmp(5, 6, 24, bytes(random.randrange(256) for _ in range(16 * 6)), top_down=True))
core = bytes(random.randrange(256) for _ in range(3 * 16))
add("core_header4.bmp", b"BM" + struct.pack("<IHHI", 0, 0, 0, 26 + len(core)) + struct.pack("<IHHHH", 12, 7, 4, 1, 4) + core + bytes(random.randrange(256) for _ in range(4 * 4)))
colours256 = bytes(random.randrange(256) if i % 4 < 3 else 0 for i in range(1024))
add("rle8.bmp", bmp(6, 4, 8, bytes([6, 17, 0, 0, 2, 5, 0, 4, 9, 8, 7, 6, 0, 0, 0, 5, 1, 2, 3, 4, 5, 0, 1, 250, 0, 0, 3, 1, 3, 2, 0, 0, 0, 1]), compression=1, palette=colours256))
add("rle4.bmp", bmp(6, 3, 4, bytes([6, 0x17, 0, 0, 2, 0x5A, 0, 4, 0x98, 0x76, 0, 0, 5, 0x34, 1, 0x20, 0, 0, 0, 1]), compression=2, palette=colours16))

# GIF
add("palette.gif", saved(texture(21, 14).quantize(97), "GIF"))
add("interlaced.gif", saved(texture(17, 23).quantize(64), "GIF", interlace=1))
add("gray.gif", saved(texture(9, 8, 1), "GIF"))
add("two_colours.gif", saved(texture(9, 8, 1).convert("1"), "GIF"))
noise = Image.frombytes("P", (120, 90), bytes(random.randrange(256) for _ in range(120 * 90)))
noise.putpalette(bytes(random.randrange(256) for _ in range(768)))
full = saved(noise, "GIF", interlace=0)
add("noise_fills_the_table.gif", full)
see_through = texture(16, 12).quantize(30)
add("transparent.gif", saved(see_through, "GIF", transparency=see_through.getpixel((3, 3))))
add("moving.gif", saved(texture(12, 10).quantize(20), "GIF", save_all=True, append_images=[texture(12, 10).quantize(20)], duration=40, loop=0))
small = bytearray(saved(see_through, "GIF", interlace=0))
small[6:10] = struct.pack("<HH", 20, 15)
at = small.index(b",\0\0\0\0", 13)
small[at + 1:at + 5] = struct.pack("<HH", 3, 2)
add("frame_smaller_than_screen.gif", bytes(small))
clear = bytearray(saved(see_through, "GIF", transparency=7, interlace=0))
clear[6:10] = struct.pack("<HH", 20, 15)
add("transparent_frame_smaller_than_screen.gif", bytes(clear))
large = bytearray(small)
large[6:10] = struct.pack("<HH", 10, 8)
add("frame_larger_than_screen.gif", bytes(large))
plain = bytearray(saved(texture(6, 5, 1), "GIF", interlace=0))
colours = 2 << (plain[10] & 7)
plain[10] &= 0x7F
bare = plain[:13] + plain[13 + 3 * colours:]
at = bare.index(b",", 13)
if bare[at + 9] & 0x80:
    own = 2 << (bare[at + 9] & 7)
    bare[at + 9] &= 0x7F
    bare = bare[:at + 10] + bare[at + 10 + 3 * own:]
add("no_palette.gif", bytes(bare))

# WebP
add("lossless.webp", saved(texture(23, 17), "WEBP", lossless=True))
add("lossless_alpha_hidden_colours.webp", saved(texture(14, 9, 4), "WEBP", lossless=True, exact=True))
add("lossless_palette.webp", saved(texture(14, 9).quantize(6).convert("RGB"), "WEBP", lossless=True))
add("lossy.webp", saved(texture(37, 29), "WEBP", quality=80), lossy=True)
add("lossy_large.webp", saved(Image.effect_mandelbrot((160, 120), (-2, -1, 1, 1), 60).convert("RGB"), "WEBP", quality=50), lossy=True)
add("lossy_alpha.webp", saved(texture(20, 16, 4), "WEBP", quality=70), lossy=True)
exif = Image.Exif()
for turned in (3, 6):
    exif[0x0112] = turned
    add(f"lossless_exif{turned}.webp", saved(texture(11, 6), "WEBP", lossless=True, exif=exif.tobytes()))
add("moving.webp", saved(texture(12, 10, 4), "WEBP", save_all=True, append_images=[texture(12, 10, 4)], lossless=True, exact=True, duration=40))

with open(os.path.join(HERE, "expected.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")
print(len(rows), "files")
