namespace Pipelines.Stages.Data;

/// <summary>
/// English plurals of nouns: regular spelling rules and the irregular nouns that name things in pictures.
/// </summary>
internal static class Plurals
{
    private static readonly Dictionary<string, string> Irregular = new(StringComparer.Ordinal)
    {
        ["person"] = "people",
        ["man"] = "men",
        ["woman"] = "women",
        ["child"] = "children",
        ["mouse"] = "mice",
        ["goose"] = "geese",
        ["ox"] = "oxen",
        ["foot"] = "feet",
        ["tooth"] = "teeth",
        ["sheep"] = "sheep",
        ["fish"] = "fish",
        ["deer"] = "deer",
        ["cactus"] = "cacti",
    };

    /// <summary>
    /// Plural spellings of a word in lower case; several where usage varies ("scarfs", "scarves"). An irregular noun
    /// has its regular plural, too.
    /// </summary>
    public static IEnumerable<string> Of(string word)
    {
        if (Irregular.TryGetValue(word, out string? irregular))
        {
            yield return irregular;
        }

        if (word.Length < 2)
        {
            yield break;
        }

        yield return word + "s";
        if (
            word[^1] is 's' or 'x' or 'z' or 'o'
            || word.EndsWith("ch", StringComparison.Ordinal)
            || word.EndsWith("sh", StringComparison.Ordinal)
        )
        {
            yield return word + "es";
        }
        else if (word[^1] == 'y' && !"aeiou".Contains(word[^2], StringComparison.Ordinal))
        {
            yield return word[..^1] + "ies";
        }
        else if (word[^1] == 'f')
        {
            yield return word[..^1] + "ves";
        }
        else if (word.EndsWith("fe", StringComparison.Ordinal))
        {
            yield return word[..^2] + "ves";
        }
    }

    /// <summary>Whether a word may be a plural at all: "bus", "glass" and "tennis" end in s and are none.</summary>
    public static bool MayBePlural(string word) =>
        !word.EndsWith("ss", StringComparison.Ordinal)
        && !word.EndsWith("us", StringComparison.Ordinal)
        && !word.EndsWith("is", StringComparison.Ordinal);
}
