namespace Pipelines.Models.Text;

/// <summary>
/// Places that no merge can cross: between two symbols that no token holds side by side. Cutting there changes no
/// result and keeps the time of byte-pair encoding, which is quadratic in a piece, linear in a text (LLaMA merges a
/// whole text as one piece).
/// </summary>
internal sealed class MergeBarriers
{
    private readonly HashSet<uint> _neighbours = [];

    /// <summary>Collects the neighbours in all tokens.</summary>
    /// <param name="tokens">Tokens in symbols.</param>
    public MergeBarriers(IEnumerable<string> tokens)
    {
        foreach (string token in tokens)
        {
            for (int i = 1; i < token.Length; i++)
            {
                _neighbours.Add(Pair(token[i - 1], token[i]));
            }
        }
    }

    /// <summary>Cuts a piece at all barriers; the parts follow each other without a gap.</summary>
    public IEnumerable<(int Start, int Length)> Split(string piece)
    {
        int start = 0;
        for (int i = 1; i <= piece.Length; i++)
        {
            if (i == piece.Length || !_neighbours.Contains(Pair(piece[i - 1], piece[i])))
            {
                yield return (start, i - start);
                start = i;
            }
        }
    }

    private static uint Pair(char left, char right) => ((uint)left << 16) | right;
}
