using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Pipelines.Host.Tests.Progress;

/// <summary>
/// What a terminal shows after it was sent some text: it breaks lines at its edge, moves up, wipes. Above its top there
/// is as much room as is needed.
/// </summary>
internal sealed partial class Screen(int width)
{
    private readonly List<StringBuilder> rows = [new()];
    private readonly HashSet<int> broken = []; // rows that go on in the next
    private int row,
        column;

    /// <summary>The lines, those that the edge broke put together again.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            var lines = new List<string>();
            bool goesOn = false;
            for (int i = 0; i < rows.Count; i++)
            {
                string text = rows[i].ToString();
                if (goesOn)
                {
                    lines[^1] += text;
                }
                else
                {
                    lines.Add(text);
                }

                goesOn = broken.Contains(i);
            }

            return [.. lines.Select(l => l.TrimEnd())];
        }
    }

    /// <summary>Takes a text with its control sequences.</summary>
    public void Take(string text)
    {
        for (int at = 0; at < text.Length; at++)
        {
            Match control = Control().Match(text, at);
            if (control.Success && control.Index == at)
            {
                Obey(control.Groups[2].Value[0], control.Groups[1].Value);
                at += control.Length - 1;
                continue;
            }

            switch (text[at])
            {
                case '\r':
                    column = 0;
                    break;
                case '\n':
                    (row, column) = (row + 1, 0);
                    break;
                default:
                    Put(text[at]);
                    break;
            }
        }
    }

    private void Put(char character)
    {
        if (column == width)
        {
            broken.Add(row);
            (row, column) = (row + 1, 0);
        }

        StringBuilder line = At(row);
        line.Append(' ', Math.Max(0, column + 1 - line.Length))[column] = character;
        column++;
    }

    private void Obey(char what, string numbers)
    {
        int count = int.TryParse(numbers, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 0;
        switch (what)
        {
            case 'A':
                row = Math.Max(0, row - Math.Max(1, count));
                break;
            case 'K':
                At(row).Length = count == 2 ? 0 : Math.Min(At(row).Length, column);
                broken.Remove(row);
                break;
            case 'J':
                At(row).Length = Math.Min(At(row).Length, column);
                rows.RemoveRange(row + 1, rows.Count - row - 1);
                broken.RemoveWhere(r => r >= row);
                break;
        }
    }

    private StringBuilder At(int index)
    {
        while (rows.Count <= index)
        {
            rows.Add(new StringBuilder());
        }

        return rows[index];
    }

    [GeneratedRegex(@"\x1b\[([0-9;?]*)([A-Za-z])")]
    private static partial Regex Control();
}
