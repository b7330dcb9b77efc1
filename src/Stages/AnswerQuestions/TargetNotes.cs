using Pipelines.Domain.Errors;

namespace Pipelines.Stages;

/// <summary>
/// What a reader must know of the tokens that are measured: a logit is that of a token, which need not be a word, nor
/// stand for one category alone.
/// </summary>
public static class TargetNotes
{
    private const int TokensNamed = 5,
        NamesTold = 6;

    /// <summary>
    /// One sentence each, for terminal and page; none where every target is a whole first word of one category.
    /// </summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<Asked> pictures)
    {
        Sample[] samples = [.. pictures.Where(a => a.Kept && !a.Awaits).Select(a => a.Sample)];
        return [.. new[] { Given(samples), Pieces(samples), Shared(samples) }.OfType<string>()];
    }

    private static string? Given(Sample[] samples)
    {
        Sample[] given = [.. samples.Where(s => s.Given.Count > 0)];
        return given.Length == 0
            ? null
            : $"{given.Length} of {samples.Length} stand behind the answer's first token: what comes before is "
                + $"given, for example '{Shown.Name(given[0].GivenText)}' before '{Shown.Name(given[0].Target)}'";
    }

    private static string? Pieces(Sample[] samples)
    {
        Sample[] pieces = [.. samples.Where(s => s.IsPiece)];
        return pieces.Length == 0
            ? null
            : $"{pieces.Length} of {samples.Length} are only a piece of the word, which goes on in the next token, "
                + $"for example '{TargetOf(pieces[0])}' of '{Shown.Name(pieces[0].Measured ?? pieces[0].Answer)}'";
    }

    /// <summary>Categories measured by the same token; without labels, different answers.</summary>
    private static string? Shared(Sample[] samples)
    {
        var shared = samples
            .GroupBy(s => s.TargetToken)
            .Select(g =>
                (
                    Token: TargetOf(g.First()),
                    Objects: g.Select(s => s.Object)
                        .Distinct(StringComparer.Ordinal)
                        .Order(StringComparer.Ordinal)
                        .ToArray()
                )
            )
            .Where(g => g.Objects.Length > 1)
            .OrderByDescending(g => g.Objects.Length)
            .ThenBy(g => g.Token, StringComparer.Ordinal)
            .ToArray();
        if (shared.Length == 0)
        {
            return null;
        }

        int objects = shared.SelectMany(g => g.Objects).Distinct(StringComparer.Ordinal).Count();
        string what = samples.All(s => s.Item.Category is null) ? "different answers" : "categories";
        string named = string.Join(
            "; ",
            shared.Take(TokensNamed).Select(g => $"'{g.Token}' is that of {Listed(g.Objects)}")
        );
        string more = shared.Length > TokensNamed ? $"; and {shared.Length - TokensNamed} more tokens" : "";
        return $"{objects} {what} share a target token with another: {named}{more}";
    }

    private static string Listed(string[] names) =>
        string.Join(", ", names.Take(NamesTold).Select(Shown.Name))
        + (names.Length > NamesTold ? $" and {names.Length - NamesTold} more" : "");

    private static string TargetOf(Sample sample) => Shown.Name(sample.Target.Trim());
}
