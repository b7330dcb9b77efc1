namespace Pipelines.Stages.Reporting;

/// <summary>A figure of two columns, whose parts stand below each other on a phone.</summary>
/// <param name="Canvas">What is drawn on.</param>
internal sealed record Halves(Canvas Canvas)
{
    /// <summary>Space between two rows of parts.</summary>
    public const double Space = 14;

    /// <summary>Width of a column.</summary>
    public double Width => Canvas.IsNarrow ? Canvas.Width : (Canvas.Width - (2 * Space)) / 2;

    /// <summary>Where the parts of a row stand, from its upper edge on.</summary>
    /// <param name="top">Upper edge.</param>
    /// <param name="heights">Of one or two parts.</param>
    public IReadOnlyList<Panel> Row(double top, params IReadOnlyList<double> heights) =>
        [
            .. heights.Select(
                (height, i) =>
                    Canvas.IsNarrow
                        ? new Panel(0, top + heights.Take(i).Sum(), Width, height)
                        : new Panel(i == 0 ? 0 : Canvas.Width - Width, top, Width, height)
            ),
        ];
}
