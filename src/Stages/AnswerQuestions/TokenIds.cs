using System.Globalization;

namespace Pipelines.Stages;

/// <summary>Ids of tokens as tables hold them: numbers with blanks between.</summary>
internal static class TokenIds
{
    /// <summary>The ids of a text.</summary>
    public static int[] Read(string ids) =>
        [
            .. ids.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(id => int.Parse(id, CultureInfo.InvariantCulture)),
        ];

    /// <summary>The text of ids.</summary>
    public static string Text(IEnumerable<int> ids) =>
        string.Join(' ', ids.Select(id => id.ToString(CultureInfo.InvariantCulture)));
}
