namespace Pipelines.Models.Text;

/// <summary>
/// Which token of an answer is measured: the first that carries a letter or digit. What stands before it (a line feed,
/// a blank, a quote, markdown) says nothing about the picture; it is given to the model as it said it.
/// </summary>
/// <param name="Position">Index of the token in the answer, which is the number of tokens that are given; 0 where
/// <paramref name="Problem"/> is set.</param>
/// <param name="IsPiece">The word goes on in the next token.</param>
/// <param name="Problem">Why no token can be measured, or null.</param>
public sealed record AnswerTarget(int Position, bool IsPiece, string? Problem)
{
    /// <summary>The target of an answer.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="answer">The generated tokens.</param>
    /// <param name="endTokens">Tokens that end an answer: they are none of its words.</param>
    public static AnswerTarget Of(HubTokenizer tokenizer, IReadOnlyList<int> answer, IReadOnlySet<int> endTokens)
    {
        int[] said = [.. answer.TakeWhile(token => !endTokens.Contains(token))];
        IReadOnlyList<SpeltCharacter> characters = tokenizer.Characters(said);
        int first = Enumerable
            .Range(0, characters.Count)
            .FirstOrDefault(i => WordCharacters.Begins(characters[i].Character), -1);
        if (first < 0)
        {
            return new AnswerTarget(0, false, $"none of the answer's {said.Length} tokens carries a letter or a digit");
        }

        SpeltCharacter begin = characters[first];
        return begin.First == begin.Last
            ? new AnswerTarget(begin.First, GoesOn(characters, first), null)
            : new AnswerTarget(
                0,
                false,
                $"the answer's first letter or digit, '{begin.Character}', is spelt by "
                    + $"{begin.Last - begin.First + 1} tokens, none of which carries it alone"
            );
    }

    /// <summary>
    /// Whether an answer's first token is its target, told from texts alone. False also where the texts leave doubt.
    /// </summary>
    /// <param name="answer">The answer as text, trimmed.</param>
    /// <param name="token">The first token as text.</param>
    public static bool IsFirstToken(string answer, string token)
    {
        // A special token or a part of a character is shown by a name that the answer does not begin with
        string shown = token.Trim();
        return answer.StartsWith(shown, StringComparison.Ordinal) && shown.EnumerateRunes().Any(WordCharacters.Begins);
    }

    /// <summary>Whether the word of an answer's first token, which is its target, goes on in the next.</summary>
    /// <inheritdoc cref="IsFirstToken"/>
    public static bool IsPieceOf(string answer, string token)
    {
        string begin = token.TrimStart();
        return begin.Length < answer.Length
            && WordCharacters.Continues(begin.EnumerateRunes().Last())
            && WordCharacters.Continues(answer[begin.Length..].EnumerateRunes().First());
    }

    /// <summary>
    /// The target's last character is of a word, and so is the one that follows it or that it shares with the next
    /// token.
    /// </summary>
    private static bool GoesOn(IReadOnlyList<SpeltCharacter> characters, int first)
    {
        int target = characters[first].First;
        int next = Enumerable
            .Range(first, characters.Count - first)
            .FirstOrDefault(i => characters[i].Last > target, -1);
        return next > 0
            && WordCharacters.Continues(characters[next - 1].Character)
            && WordCharacters.Continues(characters[next].Character);
    }
}
