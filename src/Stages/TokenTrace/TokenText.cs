namespace Pipelines.Stages.Reporting;

/// <summary>Tokens as boxes in a line of text: a blank before a word is a gap between boxes.</summary>
internal static class TokenText
{
    private const double Size = 13,
        Padding = 10,
        Gap = 5,
        Joint = 1,
        Height = 24,
        Step = 30,
        Widest = 180;

    /// <summary>A token's text with line ends and lone blanks made visible.</summary>
    public static string Shown(string token)
    {
        string lines = token
            .Replace("\r", "", StringComparison.Ordinal)
            .Replace("\n", "⏎", StringComparison.Ordinal)
            .Replace("\t", "⇥", StringComparison.Ordinal);
        return string.IsNullOrWhiteSpace(lines) ? new string('␣', Math.Max(1, lines.Length)) : lines;
    }

    /// <summary>Height of the block of boxes.</summary>
    public static double HeightOf(IReadOnlyList<string> tokens, double width) =>
        Place(tokens, width) is { Length: > 0 } boxes ? boxes[^1].Y + Step : 0;

    /// <summary>Draws the tokens, wrapped to a width.</summary>
    /// <param name="svg">The drawing.</param>
    /// <param name="x">Left edge.</param>
    /// <param name="y">Upper edge.</param>
    /// <param name="width">Room.</param>
    /// <param name="tokens">Texts.</param>
    /// <param name="share">How dark a token is, 0 to 1.</param>
    /// <param name="tip">Its tip.</param>
    /// <param name="marked">Whether it is underlined.</param>
    public static void Draw(
        Svg svg,
        double x,
        double y,
        double width,
        IReadOnlyList<string> tokens,
        Func<int, double> share,
        Func<int, string> tip,
        Func<int, bool> marked
    )
    {
        (double X, double Y, double Width, string Text)[] boxes = Place(tokens, width);
        for (int i = 0; i < boxes.Length; i++)
        {
            var box = boxes[i];
            svg.Rectangle(x + box.X, y + box.Y, box.Width, Height, Palette.OfShare(share(i)), tip(i));
            svg.Text(x + box.X + (box.Width / 2), y + box.Y + 16, box.Text, "middle", TextOn(share(i)), Size);
            if (marked(i))
            {
                svg.Rectangle(x + box.X, y + box.Y + Height + 1, box.Width, 2, Palette.Ink);
            }
        }
    }

    /// <summary>The ink that is read on a shade.</summary>
    public static Ink TextOn(double share) =>
        share > 0.68 ? Palette.Paper
        : share > 0.45 ? Palette.OnMiddle
        : Palette.Ink;

    private static (double X, double Y, double Width, string Text)[] Place(IReadOnlyList<string> tokens, double width)
    {
        var boxes = new (double X, double Y, double Width, string Text)[tokens.Count];
        double x = 0,
            y = 0;
        for (int i = 0; i < boxes.Length; i++)
        {
            string text = FigureFont.Fit(Shown(tokens[i]).Trim(), Widest, Size);
            double room = FigureFont.Width(text, Size) + Padding;
            x +=
                i == 0 || x == 0 ? 0
                : tokens[i].StartsWith(' ') ? Gap
                : Joint;
            if (x > 0 && x + room > width)
            {
                (x, y) = (0, y + Step);
            }

            boxes[i] = (x, y, room, text);
            x += room;
        }

        return boxes;
    }
}
