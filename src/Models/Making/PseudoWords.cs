namespace Pipelines.Models.Making;

/// <summary>
/// Words without a meaning that fill a vocabulary: what a random model answers can be read, and every token has a text
/// of its own.
/// </summary>
internal static class PseudoWords
{
    private const string Consonants = "bdfghjklmnprstvz",
        Vowels = "aeiou";
    private const int Syllables = 80,
        Count = Syllables * Syllables * Syllables,
        Stride = 214_013; // coprime to Count

    /// <summary>Three syllables each, all different; 512,000 of them.</summary>
    public static IEnumerable<string> All()
    {
        long number = 0;
        for (int i = 0; i < Count; i++)
        {
            number = (number + Stride) % Count;
            yield return Syllable(number / (Syllables * Syllables))
                + Syllable(number / Syllables % Syllables)
                + Syllable(number % Syllables);
        }
    }

    private static string Syllable(long n) =>
        $"{Consonants[(int)(n / Vowels.Length)]}{Vowels[(int)(n % Vowels.Length)]}";
}
