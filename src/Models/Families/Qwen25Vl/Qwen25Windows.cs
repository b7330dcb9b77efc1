using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.Qwen25Vl;

/// <summary>
/// How a picture's grid of image tokens is cut into windows, row by row of windows; those at the right and lower edge
/// are smaller where the grid is no whole number of them.
/// </summary>
/// <param name="Tokens">Image tokens (row by row numbers), window by window, inside a window row by row.</param>
/// <param name="Lengths">Image tokens of each window.</param>
internal sealed record Qwen25Windows(IReadOnlyList<int> Tokens, IReadOnlyList<int> Lengths)
{
    /// <summary>The windows of a picture.</summary>
    /// <param name="geometry">Its grid.</param>
    /// <param name="side">Image tokens a side of a window.</param>
    public static Qwen25Windows Of(QwenGeometry geometry, int side)
    {
        int rows = geometry.GridRows / geometry.Merge,
            columns = geometry.GridColumns / geometry.Merge;
        var tokens = new List<int>();
        var lengths = new List<int>();
        for (int top = 0; top < rows; top += side)
        {
            for (int left = 0; left < columns; left += side)
            {
                int[] inside =
                [
                    .. from row in Enumerable.Range(top, Math.Min(side, rows - top))
                    from column in Enumerable.Range(left, Math.Min(side, columns - left))
                    select (row * columns) + column,
                ];
                tokens.AddRange(inside);
                lengths.Add(inside.Length);
            }
        }

        return new Qwen25Windows(tokens, lengths);
    }

    /// <summary>Where each image token went: <see cref="Tokens"/> undone.</summary>
    public int[] Places()
    {
        int[] places = new int[Tokens.Count];
        for (int i = 0; i < places.Length; i++)
        {
            places[Tokens[i]] = i;
        }

        return places;
    }
}
