namespace Pipelines.Stages.Reporting;

/// <summary>Labels that avoid each other: who comes first has the place.</summary>
internal sealed class Labels
{
    private const double Size = 11,
        Above = 7, // from a mark to its word
        CostOfMark = 8; // that a word covers, in pixels further away
    private const int Rings = 6,
        Directions = 12;

    private readonly List<(double Left, double Right, double Y)> taken = [];

    /// <summary>Takes the place of a label where it is free.</summary>
    /// <param name="left">Left end.</param>
    /// <param name="right">Right end.</param>
    /// <param name="y">Base line.</param>
    /// <param name="height">Of a line.</param>
    /// <param name="gap">Least distance to the next label in the line.</param>
    public bool Take(double left, double right, double y = 0, double height = 0, double gap = 0)
    {
        bool isFree = IsFree(left, right, y, height, gap);
        if (isFree)
        {
            taken.Add((left, right, y));
        }

        return isFree;
    }

    /// <summary>
    /// Words at the marks of a panel, inside it: each where it covers the fewest marks and no other word, as near to
    /// its own as that allows, with a leader line where it stands away. One that has no place free is left out.
    /// </summary>
    /// <param name="svg">Drawing.</param>
    /// <param name="panel">Where.</param>
    /// <param name="words">Each with its mark's place; those that matter most first.</param>
    /// <param name="marks">All marks.</param>
    public void DrawOver(
        Svg svg,
        Panel panel,
        IEnumerable<(string Word, (double X, double Y) At)> words,
        IReadOnlyList<(double X, double Y)> marks
    )
    {
        foreach (var (word, at) in words)
        {
            double half = (FigureFont.Width(word, Size, bold: true) / 2) + 1;
            (double X, double Y)[] places =
            [
                .. Candidates(at, half)
                    .Where(p => p.X - half >= panel.Left && p.X + half <= panel.Right)
                    .Where(p => p.Y - Size >= panel.Top && p.Y + 3 <= panel.Bottom)
                    .Where(p => IsFree(p.X - half, p.X + half, p.Y, Size + 2, 0)),
            ];
            if (places.Length == 0)
            {
                continue;
            }

            int Covered((double X, double Y) p) =>
                marks.Count(m => Math.Abs(m.X - p.X) < half + 3 && m.Y > p.Y - Size - 1 && m.Y < p.Y + 5);
            double Away((double X, double Y) p) =>
                Math.Sqrt(((p.X - at.X) * (p.X - at.X)) + ((p.Y - at.Y) * (p.Y - at.Y)));
            var (x, y) = places.MinBy(p => (CostOfMark * Covered(p)) + Away(p));
            taken.Add((x - half, x + half, y));
            double gap = y < at.Y ? at.Y - y : y - Size - at.Y; // from the mark up or down to the word
            if (gap > 2 * Above || Math.Abs(x - at.X) > half + (3 * Above))
            {
                double near = Math.Clamp(at.X, x - half, x + half);
                svg.Line(at.X, at.Y, near, y < at.Y ? y + 2 : y - Size, Palette.Ink, 0.7);
            }

            svg.Text(x, y, word, "middle", Palette.Ink, Size, bold: true, halo: true);
        }
    }

    /// <summary>Base lines around a mark: above, below and beside it, then further out.</summary>
    private static IEnumerable<(double X, double Y)> Candidates((double X, double Y) at, double half)
    {
        yield return (at.X, at.Y - Above);
        yield return (at.X, at.Y + Above + Size);
        yield return (at.X + half + Above, at.Y + 4);
        yield return (at.X - half - Above, at.Y + 4);
        for (int ring = 1; ring <= Rings; ring++)
        {
            for (int i = 0; i < Directions; i++)
            {
                double angle = 2 * Math.PI * i / Directions,
                    away = Above + (ring * Size);
                yield return (at.X + ((away + (half * 0.6)) * Math.Cos(angle)), at.Y + (away * Math.Sin(angle)) + 4);
            }
        }
    }

    private bool IsFree(double left, double right, double y, double height, double gap) =>
        taken.TrueForAll(t => t.Right + gap < left || t.Left - gap > right || Math.Abs(t.Y - y) > height);
}
