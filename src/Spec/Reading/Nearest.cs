namespace Pipelines.Spec.Reading;

/// <summary>Finds the valid name that was probably meant.</summary>
public static class Nearest
{
    private const int LongestName = 64;

    /// <summary>
    /// The candidate with the fewest slips (insertion, deletion, replacement, neighbours swapped), at most a third of
    /// the longer name; null where none is near. Case, '-', '_' and blanks do not count.
    /// </summary>
    public static string? To(string text, IEnumerable<string> candidates)
    {
        if (text.Length is 0 or > LongestName)
        {
            return null;
        }

        string plain = Plain(text);
        return candidates
            .Where(c => c.Length <= LongestName)
            .Select(c => (Name: c, Slips: plain == Plain(c) ? 0 : Slips(plain, Plain(c))))
            .Where(c => c.Slips <= Math.Max(1, Math.Max(text.Length, c.Name.Length) / 3) && c.Slips < c.Name.Length)
            .OrderBy(c => c.Slips)
            .ThenBy(c => c.Name, StringComparer.Ordinal)
            .Select(c => c.Name)
            .FirstOrDefault();
    }

    private static string Plain(string name) =>
        string.Concat(name.Where(c => c is not ('-' or '_' or ' '))).ToUpperInvariant();

    private static int Slips(string a, string b)
    {
        int[,] d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }
                int replaced = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(replaced, Math.Min(d[i - 1, j], d[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }
        return d[a.Length, b.Length];
    }
}
