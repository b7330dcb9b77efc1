using System.Security.Cryptography;
using System.Text;
using Pipelines.Stages.Units;

namespace Pipelines.Stages.Storage;

/// <summary>File names made from sample ids, which may hold anything.</summary>
internal static class FileNames
{
    private const int Longest = 120;

    /// <summary>
    /// Name of the part file of a unit, whose name is SAMPLE/PART, in a table's folder; ordinal order of a sample's
    /// names is the order of its parts.
    /// </summary>
    public static string Part(Unit unit)
    {
        int slash = unit.Name.LastIndexOf('/');
        return $"{Safe(unit.Name[..Math.Max(slash, 0)])}-{unit.Name[(slash + 1)..].Replace(' ', '-')}.parquet";
    }

    /// <summary>
    /// Letters, digits, '-', '_' and '.' stay; other characters become '-', and then a hash keeps different texts
    /// apart.
    /// </summary>
    public static string Safe(string text)
    {
        var safe = new StringBuilder(text.Length);
        bool changed = text.Length > Longest;
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, Longest)))
        {
            bool keep = char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';
            safe.Append(keep ? c : '-');
            changed |= !keep;
        }

        if (!changed)
        {
            return safe.ToString();
        }

        string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        return $"{safe}-{digest[..8]}";
    }
}
