namespace Pipelines.Stages.Reporting;

/// <summary>Labels that avoid each other: who comes first has the place.</summary>
internal sealed class Labels
{
    private const double Size = 11,
        Above = 7; // from a mark to its word

    private readonly List<(double Left, double Right, double Y)> taken = [];

    /// <summary>Takes the place of a label where it is free.</summary>
    /// <param name="left">Left end.</param>
    /// <param name="right">Right end.</param>
    /// <param name="y">Base line.</param>
    /// <param name="height">Of a line.</param>
    /// <param name="gap">Least distance to the next label in the line.</param>
    public bool Take(double left, double right, double y = 0, double height = 0, double gap = 0)
    {
        bool isFree = taken.TrueForAll(t => t.Right + gap < left || t.Left - gap > right || Math.Abs(t.Y - y) > height);
        if (isFree)
        {
            taken.Add((left, right, y));
        }

        return isFree;
    }

    /// <summary>Words over the marks of a panel, inside it; one that would lie over another is left out.</summary>
    /// <param name="svg">Drawing.</param>
    /// <param name="panel">Where.</param>
    /// <param name="words">Each with its mark's place; those that matter most first.</param>
    public void DrawOver(Svg svg, Panel panel, IEnumerable<(string Word, (double X, double Y) At)> words)
    {
        foreach (var (word, at) in words)
        {
            double half = FigureFont.Width(word, Size, bold: true) / 2,
                least = panel.Left + half + 2;
            double x = Math.Clamp(at.X, least, Math.Max(least, panel.Right - half - 2)),
                y = at.Y - Above < panel.Top + Size ? at.Y + Above + Size : at.Y - Above;
            if (Take(x - half, x + half, y, Size + 2))
            {
                svg.Text(x, y, word, "middle", Palette.Ink, Size, bold: true, halo: true);
            }
        }
    }
}
