namespace Pipelines.Stages.Reporting;

/// <summary>
/// Rows of words in boxes of one width under a heading: a row's name and note at its left, or above it on a phone.
/// </summary>
/// <param name="Heading">Heading.</param>
/// <param name="Rows">From top to bottom.</param>
/// <param name="Columns">Boxes in a row.</param>
/// <param name="Picture">What the block is about, before its heading; null = none.</param>
internal sealed record BoxBlock(string Heading, IReadOnlyList<BoxRow> Rows, int Columns, Thumbnail? Picture = null)
{
    private const double HeadOfText = 30,
        PictureHeight = 72,
        MostPicture = 108, // wide
        Row = 30,
        RowOfPhone = Row + 18,
        ForName = 96,
        Box = 24,
        Rim = 2, // of a frame
        Gap = 6, // between boxes, with their frames
        Between = 18, // blocks
        AtEnd = 4,
        Least = 50,
        Size = 11;

    /// <summary>A drawing of blocks, one below the other.</summary>
    public static Svg Stack(Canvas canvas, IReadOnlyList<BoxBlock> blocks)
    {
        Svg svg = canvas.Svg(Math.Max(Least, blocks.Sum(b => b.HeightOn(canvas)) - Between + AtEnd));
        double top = 0;
        foreach (BoxBlock block in blocks)
        {
            block.Draw(svg, canvas, top);
            top += block.HeightOn(canvas);
        }

        return svg;
    }

    private static double RowOn(Canvas canvas) => canvas.IsNarrow ? RowOfPhone : Row;

    private double Head => Picture is null ? HeadOfText : PictureHeight + 10;

    private double HeightOn(Canvas canvas) => Head + (Rows.Count * RowOn(canvas)) + Between;

    private void Draw(Svg svg, Canvas canvas, double top)
    {
        double left = canvas.IsNarrow ? 0 : ForName,
            step = (canvas.Width - left) / Columns;
        double wide = Picture is null ? 0 : Math.Min(MostPicture, PictureHeight * Picture.Aspect);
        Picture?.Draw(svg, 0, top, wide, PictureHeight);
        svg.Text(
            Picture is null ? 0 : wide + 10,
            top + (Picture is null ? 16 : (PictureHeight / 2) + 4),
            Heading,
            ink: Palette.Ink,
            size: 13,
            bold: true
        );
        for (int r = 0; r < Rows.Count; r++)
        {
            double y = top + Head + (r * RowOn(canvas)),
                upper = canvas.IsNarrow ? y + 14 : y;
            _ = canvas.IsNarrow
                ? svg.Text(0, y + 8, $"{Rows[r].Name}, {Rows[r].Note}", size: 11)
                : svg.Text(0, y + 10, Rows[r].Name, size: 11).Text(0, y + 23, Rows[r].Note, size: 11);
            for (int i = 0; i < Math.Min(Columns, Rows[r].Boxes.Count); i++)
            {
                DrawBox(svg, Rows[r].Boxes[i], left + Rim + (i * step), upper, step - Gap);
            }
        }
    }

    private static void DrawBox(Svg svg, WordBox box, double x, double y, double width)
    {
        if (box.IsFramed)
        {
            svg.Rectangle(x - Rim, y - Rim, width + (2 * Rim), Box + (2 * Rim), Palette.Series[1]);
        }

        svg.Rectangle(x, y, width, Box, Palette.OfShare(box.Share), box.Tip);
        svg.Text(
            x + (width / 2),
            y + 16,
            FigureFont.Fit(box.Word, width - (2 * Rim), Size, box.IsFramed),
            "middle",
            TokenText.TextOn(box.Share),
            Size,
            bold: box.IsFramed
        );
    }
}

/// <summary>A row of boxes.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Note">What belongs to it.</param>
/// <param name="Boxes">From left to right; those beyond the block's columns are not drawn.</param>
internal sealed record BoxRow(string Name, string Note, IReadOnlyList<WordBox> Boxes);

/// <summary>A word in a box.</summary>
/// <param name="Word">The word.</param>
/// <param name="Share">How dark the box is, 0 to 1.</param>
/// <param name="IsFramed">True: it stands out.</param>
/// <param name="Tip">Text of its tip.</param>
internal readonly record struct WordBox(string Word, double Share, bool IsFramed, string Tip);
