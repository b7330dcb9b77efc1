using Spectre.Console.Rendering;

namespace Pipelines.Host.Progress;

/// <summary>
/// Lines that are broken between words only: a path that is longer than the terminal is wide is left to it to break,
/// and can be copied whole. What stood below, which is the block of bars when there is one, is wiped first: that block
/// is drawn again behind the lines, and what is left of its old place would show between them.
/// </summary>
internal sealed class WrappedLines(string text) : IRenderable
{
    private const string EraseBelow = "\e[J";

    /// <inheritdoc/>
    public Measurement Measure(RenderOptions options, int maxWidth) => new(0, maxWidth);

    /// <inheritdoc/>
    public IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        if (options.Ansi)
        {
            yield return Segment.Control(EraseBelow);
        }

        foreach (string line in text.Split('\n').SelectMany(l => Wrapped(l.TrimEnd('\r'), maxWidth)))
        {
            yield return new Segment(line);
            yield return Segment.LineBreak;
        }
    }

    private static IEnumerable<string> Wrapped(string line, int width)
    {
        string row = "";
        foreach (string word in line.Split(' '))
        {
            if (row.Length > 0 && row.Length + 1 + word.Length > width)
            {
                yield return row;
                row = word;
            }
            else
            {
                row += row.Length > 0 ? $" {word}" : word;
            }
        }

        yield return row;
    }
}
