using System.Globalization;
using System.Text;

namespace Pipelines.Stages.Reporting;

/// <summary>What a text token is there for.</summary>
internal enum TextRole
{
    /// <summary>Of the template, between picture and question.</summary>
    Before,

    /// <summary>Of what is asked. A token that spans an end of the question belongs to it.</summary>
    Question,

    /// <summary>Of the template, from the question's end to the answer.</summary>
    After,

    /// <summary>Of the answer, as it was fed.</summary>
    Given,

    /// <summary>Not known: the question is not found among the tokens.</summary>
    Text,
}

/// <summary>The text of a sample behind its picture, as it went in.</summary>
/// <param name="Tokens">Texts of the tokens: bytes that are no text alone as <c>&lt;0xE4&gt;</c>.</param>
/// <param name="Question">What is asked, as it was written.</param>
/// <param name="Given">So many tokens at the end are the answer's.</param>
internal sealed record AskedText(IReadOnlyList<string> Tokens, string Question, int Given);

/// <summary>
/// Roles of text tokens, by which questions of different lengths are laid over each other. The question is looked for
/// in the joined texts of the tokens, without regard to blanks: tokenizers add some, templates take some away. Where it
/// stands in several places (a question "A" before <c>ASSISTANT</c>), the one is taken that leaves the text around it
/// which most samples have: the template is common to all.
/// </summary>
internal static class TextRoles
{
    private const int ByteLength = 6; // <0xE4>

    private static readonly Dictionary<TextRole, string> Names = new()
    {
        [TextRole.Before] = "template before",
        [TextRole.Question] = "question",
        [TextRole.After] = "template after",
        [TextRole.Given] = "given",
        [TextRole.Text] = "text",
    };

    /// <summary>The role's name, as tables and figures have it.</summary>
    public static string NameOf(TextRole role) => Names[role];

    /// <summary>The role of every token of every sample.</summary>
    public static IReadOnlyList<IReadOnlyList<TextRole>> Of(IReadOnlyList<AskedText> samples)
    {
        Place[][] places = [.. samples.Select(PlacesOf)];
        var around = places
            .SelectMany(p => p.Select(at => at.Around).Distinct())
            .GroupBy(text => text)
            .ToDictionary(g => g.Key, g => g.Count());
        return [.. samples.Select((s, i) => RolesOf(s, places[i].MaxBy(at => around[at.Around])))];
    }

    private static IReadOnlyList<TextRole> RolesOf(AskedText sample, Place? question)
    {
        int asked = Asked(sample);
        TextRole RoleOf(int token) =>
            token >= asked ? TextRole.Given
            : question is null ? TextRole.Text
            : token < question.First ? TextRole.Before
            : token <= question.Last ? TextRole.Question
            : TextRole.After;
        return [.. Enumerable.Range(0, sample.Tokens.Count).Select(RoleOf)];
    }

    /// <summary>Tokens before the answer's.</summary>
    private static int Asked(AskedText sample) => Math.Max(0, sample.Tokens.Count - sample.Given);

    /// <summary>Where the question may stand: as it is written, or as a tokenizer may have normalised it.</summary>
    private static Place[] PlacesOf(AskedText sample)
    {
        var text = new List<byte>();
        var tokenOf = new List<int>();
        for (int i = 0; i < Asked(sample); i++)
        {
            foreach (byte b in BytesOf(sample.Tokens[i]).Where(b => !IsBlank(b)))
            {
                text.Add(b);
                tokenOf.Add(i);
            }
        }

        byte[] joined = [.. text];
        return Enum.GetValues<NormalizationForm>()
            .Select(form => (NormalizationForm?)form)
            .Prepend(null)
            .Select(form => PlacesIn(joined, tokenOf, Written(sample.Question, form)))
            .FirstOrDefault(found => found.Length > 0)
            ?? [];
    }

    private static Place[] PlacesIn(byte[] text, List<int> tokenOf, byte[] question)
    {
        var places = new List<Place>();
        for (int at = 0; question.Length > 0 && at + question.Length <= text.Length; at++)
        {
            int next = text.AsSpan(at).IndexOf(question);
            if (next < 0)
            {
                break;
            }

            at += next;
            int end = at + question.Length;
            places.Add(
                new Place(
                    tokenOf[at],
                    tokenOf[end - 1],
                    (Encoding.Latin1.GetString(text, 0, at), Encoding.Latin1.GetString(text, end, text.Length - end))
                )
            );
        }

        return [.. places];
    }

    private static byte[] Written(string question, NormalizationForm? form) =>
        [.. Encoding.UTF8.GetBytes(PlainBlanks(Normal(question, form))).Where(b => !IsBlank(b))];

    private static string Normal(string text, NormalizationForm? form)
    {
        try
        {
            return form is { } f ? text.Normalize(f) : text;
        }
        catch (ArgumentException) // half a surrogate pair
        {
            return text;
        }
    }

    private static byte[] BytesOf(string token)
    {
        if (!AreBytes(token))
        {
            return Encoding.UTF8.GetBytes(PlainBlanks(token));
        }

        return
        [
            .. Enumerable
                .Range(0, token.Length / ByteLength)
                .Select(i =>
                    byte.Parse(
                        token.AsSpan((i * ByteLength) + 3, 2),
                        NumberStyles.AllowHexSpecifier,
                        CultureInfo.InvariantCulture
                    )
                ),
        ];
    }

    private static bool AreBytes(string token) =>
        token.Length > 0
        && token.Length % ByteLength == 0
        && Enumerable
            .Range(0, token.Length / ByteLength)
            .All(i =>
                token.AsSpan(i * ByteLength, ByteLength) is ['<', '0', 'x', var high, var low, '>']
                && char.IsAsciiHexDigit(high)
                && char.IsAsciiHexDigit(low)
            );

    /// <summary>SentencePiece writes a blank as <c>▁</c>.</summary>
    private static string PlainBlanks(string text) => text.Replace('▁', ' ');

    private static bool IsBlank(byte b) => b is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';

    /// <summary>Where a question stands.</summary>
    /// <param name="First">Its first token.</param>
    /// <param name="Last">Its last.</param>
    /// <param name="Around">The text before and after it, without blanks.</param>
    private sealed record Place(int First, int Last, (string Before, string After) Around);
}
