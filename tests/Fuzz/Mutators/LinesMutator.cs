using System.Text;

namespace Pipelines.Fuzz.Mutators;

/// <summary>
/// Damages texts of lines: lines gone, twice, elsewhere or moved to the right, and pieces of the format's own syntax
/// put in.
/// </summary>
/// <param name="pieces">What the format's readers look at, and what they do not expect.</param>
internal sealed class LinesMutator(IReadOnlyList<string> pieces) : Mutator
{
    public override byte[] Mutate(byte[] input, RandomStream random)
    {
        List<string> lines = [.. Encoding.Latin1.GetString(input).Split('\n')];
        int at = random.Below(lines.Count),
            other = random.Below(lines.Count),
            column = random.Below(lines[at].Length + 1);
        string piece = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(random.Pick(pieces)));
        switch (random.Below(8))
        {
            case 0:
                lines.RemoveAt(at);
                break;
            case 1:
                lines.Insert(other, lines[at]);
                break;
            case 2:
                (lines[at], lines[other]) = (lines[other], lines[at]);
                break;
            case 3:
                lines[at] = random.OneIn(2) ? "  " + lines[at] : lines[at].TrimStart();
                break;
            case 4:
                lines[at] = lines[at][..column] + piece + lines[at][column..];
                break;
            case 5:
                int end = column + random.Below(lines[at].Length - column + 1);
                lines[at] = lines[at][..column] + piece + lines[at][end..];
                break;
            case 6:
                lines.Insert(at, piece);
                break;
            default:
                return new BytesMutator().Mutate(input, random);
        }

        return Encoding.Latin1.GetBytes(string.Join('\n', lines));
    }

    public override IEnumerable<byte[]> Shrunk(byte[] input)
    {
        string[] lines = Encoding.Latin1.GetString(input).Split('\n');
        for (int at = 0; at < lines.Length; at++)
        {
            yield return Encoding.Latin1.GetBytes(string.Join('\n', lines.Where((_, i) => i != at)));
        }
    }
}
