using Pipelines.Domain;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Data.Matching;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>An answer that was given, and what the rule says of it.</summary>
/// <param name="SampleId">The picture with its question.</param>
/// <param name="Groups">What the question belongs to, perhaps several, perhaps none.</param>
/// <param name="Match">Whether the answer is right.</param>
internal sealed record JudgedAnswer(string SampleId, IReadOnlyList<string> Groups, MatchedAnswer Match);

/// <summary>How often the answers are right, and what is said for what, over all and by group.</summary>
/// <param name="Accuracy">All first, then group by group in ordinal order.</param>
/// <param name="Confusions">In the same order; within a group the most frequent first.</param>
internal sealed record AccuracyTables(IReadOnlyList<AccuracyRow> Accuracy, IReadOnlyList<ConfusionRow> Confusions)
{
    /// <summary>Pairs of expected and said that a group lists; the rest is one row.</summary>
    public const int MostPairs = 100;

    /// <summary>The tables of some answers. One with several groups counts in each, once.</summary>
    /// <param name="rule">The rule by which they were judged.</param>
    /// <param name="answers">All that were given, judged or not.</param>
    public static AccuracyTables Of(AnswerMatch rule, IReadOnlyList<JudgedAnswer> answers)
    {
        var bootstrap = new Bootstrap();
        ILookup<string, JudgedAnswer> byGroup = answers
            .SelectMany(a => a.Groups.Distinct(StringComparer.Ordinal).Select(group => (group, a)))
            .ToLookup(g => g.group, g => g.a, StringComparer.Ordinal);
        (string Name, IReadOnlyList<JudgedAnswer> Answers)[] groups =
        [
            (AccuracyRow.All, answers),
            .. byGroup
                .OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => (NameOf(g.Key), (IReadOnlyList<JudgedAnswer>)[.. g])),
        ];
        return new AccuracyTables(
            [.. groups.Select(g => AccuracyOf(rule, g.Name, g.Answers, bootstrap))],
            [.. groups.SelectMany(g => ConfusionsOf(g.Name, g.Answers))]
        );
    }

    /// <summary>A group that is itself called "all" keeps apart from all answers.</summary>
    private static string NameOf(string group) => group == AccuracyRow.All ? $"{group} (group)" : group;

    private static AccuracyRow AccuracyOf(
        AnswerMatch rule,
        string group,
        IReadOnlyList<JudgedAnswer> answers,
        Bootstrap bootstrap
    )
    {
        MatchedAnswer[] judged = [.. answers.Select(a => a.Match).Where(m => m.Score is not null)];
        double[] scores = [.. judged.Select(m => m.Score!.Value)];
        bool isWhole = scores.All(s => s is 0 or 1);
        Estimate accuracy = isWhole ? Wilson.Of(scores.Sum(), scores.Length) : bootstrap.Of(scores);
        double? Share(string said) =>
            judged.Length == 0 ? null : (double)judged.Count(m => m.Said == said) / judged.Length;
        return new AccuracyRow(
            group,
            Spelling.Of(rule),
            answers.Count,
            judged.Length,
            scores.Sum(),
            Undefined.ToNull(accuracy.Mean),
            Undefined.ToNull(accuracy.Low),
            Undefined.ToNull(accuracy.High),
            rule == AnswerMatch.YesNo ? Share(YesNoMatcher.Yes) : null,
            rule is AnswerMatch.YesNo or AnswerMatch.Letter ? Share(MatchedAnswer.Unknown) : null
        );
    }

    private static IEnumerable<ConfusionRow> ConfusionsOf(string group, IReadOnlyList<JudgedAnswer> answers)
    {
        ConfusionRow[] pairs =
        [
            .. answers
                .Select(a => a.Match)
                .Where(m => m is { Score: not null, Expected: not null })
                .GroupBy(m => (m.Expected, m.Said))
                .Select(p => new ConfusionRow(group, p.Key.Expected!, p.Key.Said, p.Count()))
                .OrderByDescending(p => p.Answers)
                .ThenBy(p => p.Expected, StringComparer.Ordinal)
                .ThenBy(p => p.Said, StringComparer.Ordinal),
        ];
        ConfusionRow[] listed = [.. pairs.Where(p => !p.IsOther).Take(MostPairs)];
        int others = pairs.Sum(p => p.Answers) - listed.Sum(p => p.Answers);
        return others == 0 ? listed : listed.Append(ConfusionRow.OtherPairs(group, others));
    }
}

/// <summary>
/// How often the answers are right: over all questions, then group by group in ordinal order. A question of several
/// groups counts in each. Questions about one picture are taken as independent.
/// </summary>
/// <param name="Group">The group; <c>all</c> in the first row. A group of that name is called
/// <c>all (group)</c>.</param>
/// <param name="Match">When an answer counts as right, as the spec's <c>answer.match</c>.</param>
/// <param name="Asked">Questions that were asked.</param>
/// <param name="Judged">Those whose answer something is expected of.</param>
/// <param name="Right">Sum of their scores: the number of right answers; for VQA accuracy, where an answer may score a
/// part of one, the sum of these.</param>
/// <param name="Accuracy">That over the judged; null where none is.</param>
/// <param name="Low95">Lower end of its 95 % interval: Wilson's where every answer scores 0 or 1, else the bootstrap's
/// over questions.</param>
/// <param name="High95">Its upper end.</param>
/// <param name="YesRate">Share of the judged that say yes; null but for <c>yes-no</c>.</param>
/// <param name="Unknown">Share of the judged that name no class, and are wrong for it; null but for <c>yes-no</c> and
/// <c>letter</c>.</param>
[Table("accuracy")]
public sealed record AccuracyRow(
    [RowKey] string Group,
    string Match,
    [Unit("questions")] int Asked,
    [Unit("questions")] int Judged,
    double Right,
    double? Accuracy,
    double? Low95,
    double? High95,
    double? YesRate,
    double? Unknown
)
{
    /// <summary>Name of the whole.</summary>
    public const string All = "all";
}

/// <summary>
/// What is said where something is expected, the most frequent pairs first: a group lists at most 100 of them, and the
/// rest is its last row, <c>(other)</c>. Where the two are equal the answer is right, but for VQA accuracy: there the
/// most frequent answer of annotators who hardly agree may still be wrong.
/// </summary>
/// <param name="Group">The group; <c>all</c> for all.</param>
/// <param name="Expected">What is expected: the accepted answer that was matched, else the first; of annotators the
/// most frequent.</param>
/// <param name="Said">What the answer was understood to say: a class, <c>unknown</c>, or the answer in its normal
/// form.</param>
/// <param name="Answers">So many.</param>
[Table("confusions")]
public sealed record ConfusionRow(
    [RowKey] string Group,
    [RowKey] string Expected,
    [RowKey] string Said,
    [Unit("answers")] int Answers
)
{
    private const string Other = "(other)";

    internal bool IsOther => Expected == Other && Said == Other;

    internal bool IsMistaken => !IsOther && Expected != Said;

    internal static ConfusionRow OtherPairs(string group, int answers) => new(group, Other, Other, answers);
}
