using System.Text;

namespace Pipelines.Fuzz.Mutators;

/// <summary>Damages CSV: cells of other content, rows of other widths, quotes that open or close alone.</summary>
internal sealed class CsvMutator : Mutator
{
    private static readonly LinesMutator Lines = new([
        "\"",
        "\"\"",
        ",",
        ",,",
        "\r",
        "\r\n",
        ";",
        "\t",
        "\0",
        "\uFEFF",
        "\u2028",
        "file,category",
        "=1+1",
        "a\"b",
    ]);

    private static readonly string[] Cells =
    [
        "",
        " ",
        "\"",
        "\"\"",
        "\"a,b\"",
        "\"a\nb\"",
        "\0",
        "a\0b",
        "..",
        "../x.png",
        "/etc/passwd",
        "a/../../b",
        "\u202ex",
        "NaN",
        "inf",
        "1e999",
        "-0",
        "1,5",
        "file",
        "category",
        new string('x', 5000),
    ];

    public override byte[] Mutate(byte[] input, RandomStream random)
    {
        if (random.OneIn(2))
        {
            return Lines.Mutate(input, random);
        }

        string[] lines = Encoding.Latin1.GetString(input).Split('\n');
        int line = random.Below(lines.Length);
        List<string> cells = [.. lines[line].Split(',')];
        int cell = random.Below(cells.Count);
        string nasty = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(random.Pick(Cells)));
        switch (random.Below(4))
        {
            case 0:
                cells.RemoveAt(cell);
                break;
            case 1:
                cells.Insert(cell, nasty);
                break;
            default:
                cells[cell] = nasty;
                break;
        }

        lines[line] = string.Join(',', cells);
        return Encoding.Latin1.GetBytes(string.Join('\n', lines));
    }

    public override IEnumerable<byte[]> Shrunk(byte[] input) => Lines.Shrunk(input);
}
