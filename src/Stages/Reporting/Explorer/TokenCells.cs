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

    private TokenCells(int rows, int columns, List<int>[] tokens)
    {
        (Rows, Columns) = (rows, columns);
        this.tokens = tokens;
    }

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

        int pooled = (Math.Max(rows, columns) + SideAtMost - 1) / SideAtMost,
            across = (columns + pooled - 1) / pooled,
            down = (rows + pooled - 1) / pooled;
        List<int>[] tokens = [.. Enumerable.Range(0, across * down).Select(_ => new List<int>())];
        foreach (ImageTokenRow token in image)
        {
            if (token is { Row: { } row, Column: { } column })
            {
                tokens[(row / pooled * across) + (column / pooled)].Add(token.Token);
            }
        }

        return new TokenCells(down, across, tokens);
    }

    /// <summary>Scores of tokens as scores of cells, row by row.</summary>
    /// <param name="scoreOf">The score of token j, as <c>image_tokens</c> numbers it.</param>
    public double[] Values(Func<int, double> scoreOf) =>
        [.. tokens.Select(of => of.Count == 0 ? 0 : of.Average(scoreOf))];
}
