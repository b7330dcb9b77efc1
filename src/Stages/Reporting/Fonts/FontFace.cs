using System.Buffers.Binary;
using System.Text;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// A TrueType font as its bytes: the glyph of a character, and how wide it is. Tables and their fields as in the
/// OpenType specification 1.9, which its names in comments are from.
/// </summary>
internal sealed class FontFace
{
    private const int FirstRecord = 12, // of the table directory
        RecordSize = 16;
    private const int Groups = 12, // formats of cmap: of all of Unicode, segmented coverage,
        Segments = 4; // and of its first plane, segment mapping

    private readonly byte[] file;
    private readonly Dictionary<string, (int Start, int Length)> tables = [];
    private readonly Dictionary<int, int> glyphs = [];
    private readonly int fullMetrics; // later glyphs of hmtx have a bearing alone

    /// <summary>Reads a font.</summary>
    /// <param name="file">Its file; one with outlines in <c>glyf</c>.</param>
    /// <exception cref="InvalidDataException">It is no such font.</exception>
    public FontFace(byte[] file)
    {
        this.file = file;
        for (int i = 0; i < U16(file, 4); i++) // numTables
        {
            int record = FirstRecord + (i * RecordSize);
            string tag = Encoding.ASCII.GetString(file, record, 4);
            tables[tag] = ((int)U32(file, record + 8), (int)U32(file, record + 12));
        }

        if (!tables.ContainsKey("glyf"))
        {
            throw new InvalidDataException("the font has no TrueType outlines");
        }

        UnitsPerEm = U16(Table("head"), 18); // unitsPerEm
        Count = U16(Table("maxp"), 4); // numGlyphs
        fullMetrics = U16(Table("hhea"), 34); // numberOfHMetrics
        ReadCharacters(Table("cmap"));
    }

    /// <summary>Units of its coordinates in an em.</summary>
    public int UnitsPerEm { get; }

    /// <summary>So many glyphs.</summary>
    public int Count { get; }

    /// <summary>Its file.</summary>
    public byte[] File => file;

    /// <summary>A table's bytes.</summary>
    public ReadOnlySpan<byte> Table(string tag) => file.AsSpan(tables[tag].Start, tables[tag].Length);

    /// <summary>It has a glyph for the character.</summary>
    public bool Has(int character) => glyphs.ContainsKey(character);

    /// <summary>The glyph of a character; 0, the empty box, where it has none.</summary>
    public int GlyphOf(int character) => glyphs.GetValueOrDefault(character);

    /// <summary>How far a glyph moves the pen, and where its outline begins, in units.</summary>
    public (int Advance, int Bearing) MetricsOf(int glyph)
    {
        ReadOnlySpan<byte> table = Table("hmtx");
        int full = Math.Min(glyph, fullMetrics - 1);
        int bearing = glyph < fullMetrics ? (4 * glyph) + 2 : (4 * fullMetrics) + (2 * (glyph - fullMetrics));
        return (U16(table, 4 * full), BinaryPrimitives.ReadInt16BigEndian(table[bearing..]));
    }

    /// <summary>The outline of a glyph as <c>glyf</c> holds it; empty for a blank.</summary>
    public ReadOnlySpan<byte> OutlineOf(int glyph)
    {
        ReadOnlySpan<byte> places = Table("loca");
        bool isLong = U16(Table("head"), 50) != 0; // indexToLocFormat
        int Place(ReadOnlySpan<byte> loca, int i) => isLong ? (int)U32(loca, 4 * i) : 2 * U16(loca, 2 * i);
        return Table("glyf")[Place(places, glyph)..Place(places, glyph + 1)];
    }

    /// <summary>A big-endian number of two bytes.</summary>
    internal static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);

    /// <summary>A big-endian number of four bytes.</summary>
    internal static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);

    /// <summary>Reads the table of all of Unicode, or else that of its first plane.</summary>
    private void ReadCharacters(ReadOnlySpan<byte> cmap)
    {
        int best = -1;
        for (int i = 0; i < U16(cmap, 2); i++) // numTables
        {
            int at = (int)U32(cmap, 4 + (8 * i) + 4); // subtableOffset of an encoding record
            int format = U16(cmap, at);
            if (format == Groups || (format == Segments && best < 0))
            {
                best = at;
            }
        }

        ReadOnlySpan<byte> table =
            best >= 0 ? cmap[best..] : throw new InvalidDataException("the font has no table of Unicode characters");
        if (U16(table, 0) == Groups)
        {
            ReadGroups(table);
        }
        else
        {
            ReadSegments(table);
        }
    }

    private void ReadGroups(ReadOnlySpan<byte> table)
    {
        for (int g = 0; g < U32(table, 12); g++) // numGroups
        {
            int group = 16 + (12 * g),
                first = (int)U32(table, group),
                last = (int)U32(table, group + 4),
                glyph = (int)U32(table, group + 8);
            for (int c = first; c <= last; c++)
            {
                Add(c, glyph + c - first);
            }
        }
    }

    private void ReadSegments(ReadOnlySpan<byte> table)
    {
        int twice = U16(table, 6); // segCountX2: each of the four arrays has so many bytes
        for (int at = 0; at < twice; at += 2)
        {
            int last = U16(table, 14 + at), // endCode
                first = U16(table, 16 + twice + at), // startCode
                delta = U16(table, 16 + (2 * twice) + at), // idDelta
                offset = 16 + (3 * twice) + at,
                range = U16(table, offset); // idRangeOffset, from where it stands itself
            for (int c = first; c <= last && c < 0xFFFF; c++)
            {
                int listed = range == 0 ? c : U16(table, offset + range + (2 * (c - first)));
                Add(c, range != 0 && listed == 0 ? 0 : (listed + delta) & 0xFFFF);
            }
        }
    }

    private void Add(int character, int glyph)
    {
        if (glyph > 0 && glyph < Count)
        {
            glyphs[character] = glyph;
        }
    }
}
