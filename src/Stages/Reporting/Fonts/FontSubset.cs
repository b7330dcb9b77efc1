using System.Buffers.Binary;
using System.Text;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// A font cut down to the characters that are used, so that a file can carry it: outlines without instructions, no
/// ligatures, no kerning. Text set in it has the widths that <see cref="FigureFont"/> measures, and is copied whole.
/// Tables and their fields as in the OpenType specification 1.9, which the names in comments are from.
/// </summary>
internal static class FontSubset
{
    private const ushort WordArguments = 0x1, // flags of a part of a composed glyph: ARG_1_AND_2_ARE_WORDS,
        OneScale = 0x8, // WE_HAVE_A_SCALE,
        More = 0x20, // MORE_COMPONENTS,
        TwoScales = 0x40, // WE_HAVE_AN_X_AND_Y_SCALE,
        FourScales = 0x80, // WE_HAVE_A_TWO_BY_TWO,
        Instructions = 0x100; // WE_HAVE_INSTRUCTIONS

    private const int Windows = 3, // platformID
        UnicodeBasic = 1, // its encodingID: the first plane, UTF-16BE,
        UnicodeFull = 10, // and all of Unicode
        EnglishUnitedStates = 0x409, // its languageID
        Groups = 12; // format of cmap

    private const uint TrueType = 0x00010000, // sfntVersion
        SumOfFile = 0xB1B0AFBA; // of its words, checksumAdjustment included

    private static readonly int[] NamesKept = [0, 1, 2, 4, 6]; // copyright, family, style, full name, PostScript name

    /// <summary>The font's file with these characters alone; what it does not have is left out.</summary>
    public static byte[] Of(FontFace face, IEnumerable<int> characters)
    {
        int[] kept = [.. characters.Where(face.Has).Distinct().Order()];
        List<int> glyphs = [0, .. kept.Select(face.GlyphOf).Where(g => g != 0).Distinct().Order()];
        for (int i = 0; i < glyphs.Count; i++) // parts of composed glyphs come at the end
        {
            glyphs.AddRange(PartsOf(face.OutlineOf(glyphs[i])).Except(glyphs));
        }

        var numbers = glyphs.Select((glyph, i) => (glyph, i)).ToDictionary(g => g.glyph, g => g.i);
        var (outlines, places) = Outlines(face, glyphs, numbers);
        return Assembled(
            new SortedDictionary<string, byte[]>(StringComparer.Ordinal)
            {
                ["OS/2"] = face.Table("OS/2").ToArray(),
                ["cmap"] = Characters(kept, c => numbers[face.GlyphOf(c)]),
                ["glyf"] = outlines,
                // No checksumAdjustment yet; indexToLocFormat: long
                ["head"] = With(face.Table("head"), (8, 0), (10, 0), (50, 1)),
                ["hhea"] = With(face.Table("hhea"), (34, glyphs.Count)), // numberOfHMetrics: all
                ["hmtx"] = Metrics(face, glyphs),
                ["loca"] = places,
                // numGlyphs; maxSizeOfInstructions
                ["maxp"] = With(face.Table("maxp"), (4, glyphs.Count), (26, 0)),
                ["name"] = Names(face.Table("name")),
                ["post"] = With(face.Table("post")[..32], (0, 3), (2, 0)), // version 3.0: glyphs without names
            }
        );
    }

    private static (byte[] Outlines, byte[] Places) Outlines(
        FontFace face,
        List<int> glyphs,
        Dictionary<int, int> numbers
    )
    {
        var outlines = new Writer();
        var places = new Writer();
        foreach (int glyph in glyphs)
        {
            places.U32((uint)outlines.Length);
            outlines.Bytes(Bare(face.OutlineOf(glyph), numbers)).Align();
        }

        return (outlines.ToArray(), places.U32((uint)outlines.Length).ToArray());
    }

    /// <summary>An outline without instructions, its parts by their new numbers.</summary>
    private static byte[] Bare(ReadOnlySpan<byte> outline, Dictionary<int, int> numbers)
    {
        if (outline.Length == 0)
        {
            return [];
        }

        int contours = BinaryPrimitives.ReadInt16BigEndian(outline);
        if (contours >= 0)
        {
            int at = 10 + (2 * contours);
            return [.. outline[..at], 0, 0, .. outline[(at + 2 + FontFace.U16(outline, at))..]];
        }

        byte[] made = outline[..EndOfParts(outline)].ToArray();
        foreach (int part in Parts(outline))
        {
            int flags = FontFace.U16(made, part) & ~Instructions;
            BinaryPrimitives.WriteUInt16BigEndian(made.AsSpan(part), (ushort)flags);
            BinaryPrimitives.WriteUInt16BigEndian(made.AsSpan(part + 2), (ushort)numbers[FontFace.U16(made, part + 2)]);
        }

        return made;
    }

    private static IEnumerable<int> PartsOf(ReadOnlySpan<byte> outline)
    {
        var glyphs = new List<int>();
        foreach (int part in Parts(outline))
        {
            glyphs.Add(FontFace.U16(outline, part + 2));
        }

        return glyphs;
    }

    /// <summary>Where the parts of a composed glyph stand.</summary>
    private static List<int> Parts(ReadOnlySpan<byte> outline)
    {
        var parts = new List<int>();
        if (outline.Length > 0 && BinaryPrimitives.ReadInt16BigEndian(outline) < 0)
        {
            parts.Add(10);
            while ((FontFace.U16(outline, parts[^1]) & More) != 0)
            {
                parts.Add(parts[^1] + SizeOf(FontFace.U16(outline, parts[^1])));
            }
        }

        return parts;
    }

    private static int EndOfParts(ReadOnlySpan<byte> outline)
    {
        int last = Parts(outline)[^1];
        return last + SizeOf(FontFace.U16(outline, last));
    }

    private static int SizeOf(int flags) =>
        4
        + ((flags & WordArguments) != 0 ? 4 : 2)
        + (
            (flags & OneScale) != 0 ? 2
            : (flags & TwoScales) != 0 ? 4
            : (flags & FourScales) != 0 ? 8
            : 0
        );

    private static byte[] Metrics(FontFace face, List<int> glyphs)
    {
        var table = new Writer();
        foreach (int glyph in glyphs)
        {
            var (advance, bearing) = face.MetricsOf(glyph);
            table.U16(advance).U16(bearing & 0xFFFF);
        }

        return table.ToArray();
    }

    /// <summary>A table of all of Unicode, a group a character.</summary>
    private static byte[] Characters(int[] characters, Func<int, int> glyphOf)
    {
        var table = new Writer().U16(0).U16(1).U16(Windows).U16(UnicodeFull).U32(12); // from where it begins
        table.U16(Groups).U16(0).U32((uint)(16 + (12 * characters.Length))).U32(0).U32((uint)characters.Length);
        foreach (int character in characters)
        {
            table.U32((uint)character).U32((uint)character).U32((uint)glyphOf(character));
        }

        return table.ToArray();
    }

    /// <summary>The names that name it, as Windows writes them; the licence lies beside the code.</summary>
    private static byte[] Names(ReadOnlySpan<byte> table)
    {
        var texts = new SortedDictionary<int, byte[]>();
        for (int i = 0; i < FontFace.U16(table, 2); i++)
        {
            int record = 6 + (12 * i),
                name = FontFace.U16(table, record + 6);
            if (FontFace.U16(table, record) == Windows && NamesKept.Contains(name))
            {
                int start = FontFace.U16(table, 4) + FontFace.U16(table, record + 10);
                texts[name] = table.Slice(start, FontFace.U16(table, record + 8)).ToArray();
            }
        }

        var made = new Writer().U16(0).U16(texts.Count).U16(6 + (12 * texts.Count));
        int at = 0;
        foreach (var (name, text) in texts)
        {
            made.U16(Windows).U16(UnicodeBasic).U16(EnglishUnitedStates).U16(name).U16(text.Length).U16(at);
            at += text.Length;
        }

        foreach (byte[] text in texts.Values)
        {
            made.Bytes(text);
        }

        return made.ToArray();
    }

    private static byte[] With(ReadOnlySpan<byte> table, params (int At, int Value)[] changes)
    {
        byte[] made = table.ToArray();
        foreach (var (at, value) in changes)
        {
            BinaryPrimitives.WriteUInt16BigEndian(made.AsSpan(at), (ushort)value);
        }

        return made;
    }

    private static byte[] Assembled(SortedDictionary<string, byte[]> tables)
    {
        int power = (int)Math.Log2(tables.Count),
            start = 12 + (16 * tables.Count),
            head = 0;
        var file = new Writer();
        file.U32(TrueType).U16(tables.Count).U16(16 << power).U16(power).U16(16 * (tables.Count - (1 << power)));
        foreach (var (tag, table) in tables)
        {
            head = tag == "head" ? start : head;
            file.Bytes(Encoding.ASCII.GetBytes(tag)).U32(Sum(table)).U32((uint)start).U32((uint)table.Length);
            start += (table.Length + 3) / 4 * 4;
        }

        foreach (byte[] table in tables.Values)
        {
            file.Bytes(table).Align();
        }

        byte[] made = file.ToArray();
        // checksumAdjustment, with which the whole file has its sum
        BinaryPrimitives.WriteUInt32BigEndian(made.AsSpan(head + 8), unchecked(SumOfFile - Sum(made)));
        return made;
    }

    private static uint Sum(byte[] table)
    {
        uint sum = 0;
        for (int i = 0; i < table.Length; i++)
        {
            sum = unchecked(sum + ((uint)table[i] << (24 - (8 * (i % 4)))));
        }

        return sum;
    }

    /// <summary>Big-endian numbers, one after the other.</summary>
    private sealed class Writer
    {
        private readonly List<byte> bytes = [];

        public int Length => bytes.Count;

        public Writer U16(int value)
        {
            bytes.Add((byte)(value >> 8));
            bytes.Add((byte)value);
            return this;
        }

        public Writer U32(uint value) => U16((int)(value >> 16)).U16((int)(value & 0xFFFF));

        public Writer Bytes(byte[] more)
        {
            bytes.AddRange(more);
            return this;
        }

        /// <summary>To a multiple of four bytes.</summary>
        public Writer Align()
        {
            bytes.AddRange(new byte[(4 - (bytes.Count % 4)) % 4]);
            return this;
        }

        public byte[] ToArray() => [.. bytes];
    }
}
