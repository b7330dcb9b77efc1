using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting.Explorer;

/// <summary>
/// Where the image tokens of a sample lie over its picture, as the explorer draws them: finer grids than
/// <see cref="SideAtMost"/> are averaged, which no eye tells at the size of a page.
/// </summary>
internal sealed class TokenCells
{
    private const int SideAtMost = 32;

    private readonly List<int>[] tokens; // of a cell

    private TokenCells(int side, int rows, int columns, List<int>[] tokens)
    {
        (Side, Rows, Columns) = (side, rows, columns);
        this.tokens = tokens;
    }

    /// <summary>
    /// Tokens along a side of a cell; the cells of the last row and column have fewer where it does not divide those
    /// of the grid.
    /// </summary>
    public int Side { get; }

    /// <summary>Rows of cells.</summary>
    public int Rows { get; }

    /// <summary>Columns of cells.</summary>
    public int Columns { get; }

    /// <summary>The cells; null where the tokens lie in no grid.</summary>
    /// <param name="rows">Rows of the tokens' grid.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="image">The tokens.</param>
    public static TokenCells? Of(int rows, int columns, IReadOnlyList<ImageTokenRow> image)
    {
        if (rows * columns == 0 || image.Count == 0)
        {
            return null;
        }

        int side = (Math.Max(rows, columns) + SideAtMost - 1) / SideAtMost,
            across = (columns + side - 1) / side,
            down = (rows + side - 1) / side;
        List<int>[] tokens = [.. Enumerable.Range(0, across * down).Select(_ => new List<int>())];
        foreach (ImageTokenRow token in image)
        {
            if (token is { Row: { } row, Column: { } column })
            {
                tokens[(row / side * across) + (column / side)].Add(token.Token);
            }
        }

        return new TokenCells(side, down, across, tokens);
    }

    /// <summary>Scores of tokens as scores of cells, row by row.</summary>
    /// <param name="scoreOf">The score of token j, as <c>image_tokens</c> numbers it.</param>
    public double[] Values(Func<int, double> scoreOf) =>
        [.. tokens.Select(of => of.Count == 0 ? 0 : of.Average(scoreOf))];
}
