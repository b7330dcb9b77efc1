using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>A row of text tokens that are laid over each other: one token of a template, or a whole question.</summary>
/// <param name="Role">Role.</param>
/// <param name="Position">Of a single token: 1, 2, … from the question's end (or of the question), -1, -2, … before
/// it; null = all tokens of the role together.</param>
/// <param name="Token">Its text where it is the same in all samples, else null.</param>
/// <param name="Delta">Sum of delta over the row's tokens of a sample, over samples that have any.</param>
/// <param name="Importance">Share of these in which any of them is important.</param>
internal sealed record RoleRow(TextRole Role, int? Position, string? Token, Estimate Delta, Estimate Importance);

/// <summary>
/// Text tokens of samples that are not asked the same, by role. Tokens of the template are laid over each other one by
/// one. What is counted from the question is so that a token which spans an end of it does not shift the others: of the
/// template before it the first tokens are laid over each other, of that after it the last.
/// </summary>
internal sealed class RoleFindings
{
    private RoleFindings(IReadOnlyList<TracedSample> samples, Bootstrap bootstrap)
    {
        Roles = TextRoles.Of([.. samples.Select(s => new AskedText(s.Tokens, s.Question, s.Given))]);
        Found = Roles.Count(r => r.Contains(TextRole.Question));
        SameQuestion = samples.DistinctBy(s => s.Question, StringComparer.Ordinal).Count() == 1;
        Rows = [.. Enum.GetValues<TextRole>().SelectMany(role => RowsOf(samples, role, bootstrap))];
        Shares = Enum.GetValues<TextRole>()
            .Where(role => Roles.Any(r => r.Contains(role)))
            .ToDictionary(role => role, role => bootstrap.Of(samples.Select((s, i) => ShareOf(s, Roles[i], role))));
    }

    /// <summary>The role of every token of every sample.</summary>
    public IReadOnlyList<IReadOnlyList<TextRole>> Roles { get; }

    /// <summary>Samples whose question is found among their tokens.</summary>
    public int Found { get; }

    /// <summary>All are asked the same: the tokens differ in what is given of the answer.</summary>
    public bool SameQuestion { get; }

    /// <summary>Rows, in the order of the text.</summary>
    public IReadOnlyList<RoleRow> Rows { get; }

    /// <summary>
    /// Share of a sample's positive delta on the tokens of a role, over the samples whose tokens have such roles (a
    /// question that is not found has no share).
    /// </summary>
    public IReadOnlyDictionary<TextRole, Estimate> Shares { get; }

    /// <summary>The findings; null where all samples have the same text tokens, which need no roles.</summary>
    public static RoleFindings? Of(IReadOnlyList<TracedSample> samples, Bootstrap bootstrap) =>
        samples.All(s => s.Tokens.SequenceEqual(samples[0].Tokens, StringComparer.Ordinal))
            ? null
            : new RoleFindings(samples, bootstrap);

    /// <summary>
    /// Share of a sample's positive delta on a role; NaN where none is positive or the role is not known.
    /// </summary>
    private static double ShareOf(TracedSample sample, IReadOnlyList<TextRole> roles, TextRole role)
    {
        bool isKnown = role == TextRole.Given || roles.Contains(TextRole.Text) == (role == TextRole.Text);
        double[] positive = [.. sample.Delta.Select(d => Math.Max(0, d))];
        return isKnown ? positive.Where((_, i) => roles[i] == role).Sum() / positive.Sum() : double.NaN;
    }

    private IEnumerable<RoleRow> RowsOf(IReadOnlyList<TracedSample> samples, TextRole role, Bootstrap bootstrap)
    {
        int[][] tokens = [.. Roles.Select(of => Enumerable.Range(0, of.Count).Where(i => of[i] == role).ToArray())];
        int most = tokens.Max(t => t.Length);
        RoleRow Row(int? position, Func<int[], int[]> of)
        {
            (TracedSample Sample, int[] Tokens)[] have =
            [
                .. samples.Zip(tokens, (s, t) => (s, of(t))).Where(s => s.Item2.Length > 0),
            ];
            string[] texts = [.. have.Select(s => s.Sample.Tokens[s.Tokens[0]]).Distinct(StringComparer.Ordinal)];
            return new RoleRow(
                role,
                position,
                position is not null && texts.Length == 1 ? texts[0] : null,
                bootstrap.Of(have.Select(s => s.Tokens.Sum(i => s.Sample.Delta[i]))),
                bootstrap.Of(have.Select(s => s.Tokens.Any(i => s.Sample.Important[i]) ? 1.0 : 0))
            );
        }

        int[] All(int[] of) => of;
        Func<int[], int[]> At(int i) => of => i >= 0 && i < of.Length ? [of[i]] : [];
        Func<int[], int[]> FromEnd(int i) => of => i <= of.Length ? [of[^i]] : [];
        return most == 0
            ? []
            : role switch
            {
                TextRole.Before => Enumerable.Range(0, most).Select(i => Row(i - most, At(i))),
                TextRole.After => Enumerable.Range(1, most).Select(i => Row(i, FromEnd(most - i + 1))),
                TextRole.Question when IsSame(samples, tokens) => Enumerable
                    .Range(0, most)
                    .Select(i => Row(i + 1, At(i))),
                _ => [Row(null, All)],
            };
    }

    /// <summary>All samples have the same tokens there.</summary>
    private static bool IsSame(IReadOnlyList<TracedSample> samples, int[][] tokens) =>
        samples
            .Zip(tokens, (s, t) => string.Join('\0', t.Select(i => s.Tokens[i])))
            .Distinct(StringComparer.Ordinal)
            .Count() == 1;
}
