"""Small WebP, GIF and BMP files, PNG and JPEG files that are turned, and what Pillow makes of them (Debian's
python3-pil 9.4.0, libwebp 1.2.4).

    /usr/bin/python3 make.py        # writes the files beside it, and expected.json

expected.json: file, format, mode (Pillow's), width, height, rgb (base64 of uint8 [height, width, 3]):
ImageOps.exif_transpose(Image.open(f)).convert('RGB'), as transformers' load_image has it. `lossy`: decoders may differ.
"""
import base64, io, json, os, random, struct, zlib
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
rows = []
random.seed(5)


def texture(width, height, channels=3):
    """Gradients with noise: every value, no two rows alike."""
    data = bytes((x * 9 + y * 5 + c * 40 + random.randrange(50)) % 256
                 for y in range(height) for x in range(width) for c in range(channels))
    return Image.frombytes({1: "L", 3: "RGB", 4: "RGBA"}[channels], (width, height), data)


def add(name, data, lossy=False, xmp=None):
    """xmp: the file's packet where Pillow 9.4 does not look for it (JPEG, WebP) and newer ones do."""
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(data)
    image = Image.open(io.BytesIO(data))
    form, mode = image.format, image.mode
    if xmp:
        image.info["XML:com.adobe.xmp"] = xmp
        image._exif = None  # 9.4 has looked at it for the resolution already
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


# Where the orientation stands
def tiff(*entries, order="<", behind=b""):
    """An EXIF block of one directory; an entry: tag, type, count, its four bytes."""
    block = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(entries))
    for tag, kind, count, value in entries:
        block += struct.pack(order + "HHI", tag, kind, count) + value
    return block + struct.pack(order + "I", 0) + behind


def short(value, order="<", kind=3, count=1):
    return (0x0112, kind, count, struct.pack(order + "HH", value, 0))


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(*chunks, late=False):
    """A PNG with chunks before its pixels, or behind them."""
    data = saved(texture(20, 12) if late else texture(5, 3), "PNG")  # half of a file must lack pixels
    at = len(data) - 12 if late else 33
    return data[:at] + b"".join(chunks) + data[at:]


def packet(value, element=False):
    said = f"<tiff:Orientation>{value}</tiff:Orientation>" if element else f'tiff:Orientation="{value}"'
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{said}</x:xmpmeta>'


def international(key, text, deflated=False):
    body = text.encode()
    return chunk(b"iTXt", key + b"\0" + (b"\1\0" if deflated else b"\0\0") + b"\0\0"
                 + (zlib.compress(body) if deflated else body))


def profile(block):
    return b"\nexif\n%8d\n" % (6 + len(block)) + (b"Exif\0\0" + block).hex().encode() + b"\n"


RAW, XMP = b"Raw profile type exif", b"XML:com.adobe.xmp"
add("turned_exif6.png", png(chunk(b"eXIf", tiff(short(6)))))
add("turned_exif7_behind.png", png(chunk(b"eXIf", tiff(short(7, ">"), order=">")), late=True))
add("turned_exif_long8.png", png(chunk(b"eXIf", tiff((0x0112, 4, 1, struct.pack("<I", 8))))))
add("turned_exif_signed5.png", png(chunk(b"eXIf", tiff(short(5, kind=8)))))
add("turned_exif_byte6.png", png(chunk(b"eXIf", tiff((0x0112, 1, 1, b"\6\0\0\0")))))
add("turned_exif_text6.png", png(chunk(b"eXIf", tiff((0x0112, 2, 2, b"6\0\0\0")))))
add("turned_exif_rational6.png", png(chunk(b"eXIf", tiff((0x0112, 5, 1, struct.pack("<I", 26)), behind=struct.pack("<II", 12, 2)))))
add("turned_exif_double3.png", png(chunk(b"eXIf", tiff((0x0112, 12, 1, struct.pack("<I", 26)), behind=struct.pack("<d", 3)))))
add("turned_exif_two_values6.png", png(chunk(b"eXIf", tiff((0x0112, 3, 2, struct.pack("<HH", 6, 3))))))
add("turned_exif_no_value.png", png(chunk(b"eXIf", tiff(short(6, count=0)))))
add("turned_exif_tag_twice.png", png(chunk(b"eXIf", tiff(short(6), short(3)))))
add("turned_exif_behind_an_entry_that_points_outside.png", png(chunk(b"eXIf", tiff((0x010F, 2, 40, struct.pack("<I", 9999)), short(6)))))
add("turned_exif_of_unknown_type.png", png(chunk(b"eXIf", tiff(short(6, kind=99)))))
add("turned_profile6.png", png(chunk(b"tEXt", RAW + b"\0" + profile(tiff(short(6))))))
add("turned_profile8_deflated_behind.png", png(chunk(b"zTXt", RAW + b"\0\0" + zlib.compress(profile(tiff(short(8))))), late=True))
add("turned_profile5_international.png", png(international(RAW, profile(tiff(short(5))).decode(), deflated=True)))
add("turned_profile_long3.png", png(chunk(b"tEXt", RAW + b"\0" + profile(tiff((0x0112, 4, 1, struct.pack("<I", 3)))))))
add("turned_exif3_before_profile6.png", png(chunk(b"tEXt", RAW + b"\0" + profile(tiff(short(6)))), chunk(b"eXIf", tiff(short(3)))))
add("turned_xmp6.png", png(international(XMP, packet(6))))
add("turned_xmp4_element_deflated_behind.png", png(international(XMP, packet(4, element=True), deflated=True), late=True))
add("turned_xmp9.png", png(international(XMP, packet(9))))
add("turned_xmp6_plain_text.png", png(chunk(b"tEXt", XMP + b"\0" + packet(6).encode())))
add("turned_exif1_before_xmp6.png", png(chunk(b"eXIf", tiff(short(1))), international(XMP, packet(6))))
add("turned_exif9_before_xmp6.png", png(chunk(b"eXIf", tiff(short(9))), international(XMP, packet(6))))
add("turned_xmp6_as_exif_lacks_it.png", png(chunk(b"eXIf", tiff((0x0100, 3, 1, b"\5\0\0\0"))), international(XMP, packet(6))))


def jpeg(*segments):
    data = saved(texture(16, 8), "JPEG", quality=90)
    return data[:2] + b"".join(b"\xff\xe1" + struct.pack(">H", 2 + len(s)) + s for s in segments) + data[2:]


ADOBE = b"http://ns.adobe.com/xap/1.0/\0"
add("turned_exif6.jpg", jpeg(b"Exif\0\0" + tiff(short(6))))
add("turned_exif_long8.jpg", jpeg(b"Exif\0\0" + tiff((0x0112, 4, 1, struct.pack("<I", 8)))))
add("turned_exif_behind_xmp.jpg", jpeg(ADOBE + packet(3).encode(), b"Exif\0\0" + tiff(short(5, ">"), order=">")))
add("turned_xmp6.jpg", jpeg(ADOBE + packet(6).encode()), xmp=packet(6))
add("turned_xmp7_element.jpg", jpeg(b"Exif\0\0" + tiff((0x0100, 3, 1, b"\5\0\0\0")), ADOBE + packet(7, element=True).encode()), xmp=packet(7, element=True))
turned = saved(texture(9, 5), "WEBP", lossless=True, xmp=packet(6).encode())
add("turned_xmp6.webp", turned, xmp=packet(6))
unsaid = bytearray(saved(texture(9, 5), "WEBP", lossless=True, exif=exif.tobytes()))
unsaid[20] &= ~8
add("turned_exif_that_the_header_denies.webp", bytes(unsaid))

with open(os.path.join(HERE, "expected.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")
print(len(rows), "files")
