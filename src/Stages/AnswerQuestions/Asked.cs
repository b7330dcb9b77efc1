using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Models.Text;
using Pipelines.Spec;
using Pipelines.Stages.Data;
using Pipelines.Stages.Data.Matching;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>A picture with the model's own answer.</summary>
/// <param name="Item">The picture.</param>
/// <param name="Answer">The model's answer.</param>
/// <param name="TargetToken">The token whose adjusted logit is measured: the answer's first that carries a letter or
/// digit (<see cref="AnswerTarget"/>).</param>
/// <param name="Target">The token as text.</param>
public sealed record Sample(DataItem Item, string Answer, int TargetToken, string Target)
{
    /// <summary>Id, as in the tables.</summary>
    public string Id => Item.SampleId;

    /// <summary>What the picture shows: its category, or the model's answer where nothing is known.</summary>
    public string Object => Item.Category ?? Answer.Trim().ToLowerInvariant();

    /// <summary>Tokens of the answer before the target, which end the suffix as the model said them.</summary>
    public IReadOnlyList<int> Given { get; init; } = [];

    /// <summary>Their ids as tables and keys write them; null where there are none.</summary>
    public string? GivenTokens =>
        Given.Count == 0 ? null : string.Join(' ', Given.Select(id => id.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Their text.</summary>
    public string GivenText { get; init; } = "";

    /// <summary>The word of the target goes on in the next token.</summary>
    public bool IsPiece { get; init; }

    /// <summary>What the target is a token of, where that is not the model's answer.</summary>
    public string? Measured { get; init; }

    /// <summary>The counter-answer's token, where a difference is measured.</summary>
    public int? Against { get; init; }

    /// <summary>All tokens of an answer that is measured whole; empty where one token is.</summary>
    public IReadOnlyList<int> Sequence { get; init; } = [];
}

/// <summary>What is known of an answer.</summary>
public enum Verdict
{
    /// <summary>The picture could not be asked about.</summary>
    NotAsked,

    /// <summary>Nothing says what the picture shows.</summary>
    NotJudged,

    /// <summary>The answer is the category.</summary>
    Right,

    /// <summary>It is not, or nothing of what was expected was understood.</summary>
    Wrong,
}

/// <summary>A picture that was asked about.</summary>
/// <param name="Sample">The picture and the answer.</param>
/// <param name="Verdict">What is known of the answer.</param>
/// <param name="Reason">Why the sample is not kept: the answer is wrong or empty or was never asked for, its target
/// cannot be measured, or there are too many or too few samples of the object; else null.</param>
/// <param name="Usable">The answer is right or, where nothing is judged, not empty.</param>
/// <param name="Measurable">A token of the answer can be measured; true also where that is not the question.</param>
public sealed record Asked(Sample Sample, Verdict Verdict, string? Reason, bool Usable, bool Measurable = true)
{
    /// <summary>The sample is used: the answer is usable, and so is the number of samples of the object.</summary>
    public bool Kept => Reason is null;

    /// <summary>The picture could be asked about: it is sound, and its size is one that the experiment takes.</summary>
    public bool Fits => Verdict != Verdict.NotAsked;

    /// <summary>The unit that finds the target; null where the answer begins with it.</summary>
    public Unit? FoundBy { get; init; }

    /// <summary>What the target is, where a unit found it; null otherwise.</summary>
    internal MeasuredRow? Target { get; init; }

    /// <summary>The answer ended by itself, and was not cut; null where that is not known.</summary>
    public bool? Ended { get; init; }

    /// <summary>How the answer was understood; null where nothing was asked.</summary>
    internal MatchedAnswer? Match { get; init; }

    /// <summary>That unit is not there yet.</summary>
    public bool Awaits { get; init; }

    /// <summary>The verdict in words; null where the picture was not asked about.</summary>
    public string? VerdictText =>
        Verdict switch
        {
            Verdict.Right => SampleRow.Right,
            Verdict.Wrong => SampleRow.Wrong,
            Verdict.NotJudged => SampleRow.NotJudged,
            _ => null,
        };

    /// <summary>The row of a question that is never asked.</summary>
    internal static SampleRow LeftOut(DataItem item, string question) =>
        new(
            item.SampleId,
            item.File,
            item.Category,
            question,
            "",
            Verdict: null,
            GivenTokens: null,
            Given: null,
            TargetToken: null,
            Target: null,
            FIntact: null,
            FAblated: null,
            SampleRow.Rejected,
            item.LeftOut
        );

    /// <summary>The row of the table <c>samples</c>, before anything is measured.</summary>
    /// <param name="question">What was asked.</param>
    public SampleRow ToRow(string question)
    {
        string? reason = Reason ?? (Awaits ? "the run ended before the token to be measured was found" : null);
        return new SampleRow(
            Sample.Id,
            Sample.Item.File,
            Sample.Item.Category,
            question,
            Sample.Answer,
            VerdictText,
            Sample.GivenTokens,
            Sample.Given.Count == 0 ? null : Shown.Name(Sample.GivenText),
            Sample.TargetToken < 0 ? null : Sample.TargetToken,
            Sample.TargetToken < 0 ? null : Shown.Name(Sample.Target),
            FIntact: null,
            FAblated: null,
            reason is null ? SampleRow.Kept : SampleRow.Rejected,
            reason
        );
    }
}

/// <summary>Applies <c>per_object</c> to verdicts that come in seed order.</summary>
/// <param name="rule">How many samples an object may have and must have.</param>
/// <param name="perPicture">How many questions of a picture are kept; 0 = all.</param>
internal sealed class ObjectCounts(PerObjectRule rule, int perPicture)
{
    private readonly Dictionary<string, int> pictures = new(StringComparer.Ordinal);

    private readonly Dictionary<string, int> counts = new(StringComparer.Ordinal);

    /// <summary>The object with the most samples; empty where there are none.</summary>
    public string MostFrequent => counts.OrderByDescending(c => c.Value).Select(c => c.Key).FirstOrDefault("");

    /// <summary>Samples of that object.</summary>
    public int Most => counts.Values.DefaultIfEmpty(0).Max();

    /// <summary>The verdict, the sample left out where the object has enough.</summary>
    public Asked Take(Asked asked)
    {
        if (!asked.Kept)
        {
            return asked;
        }

        int ofPicture = pictures.GetValueOrDefault(asked.Sample.Item.File);
        if (perPicture > 0 && ofPicture == perPicture)
        {
            return asked with { Reason = $"{ofPicture} questions about the picture are kept before it (per_picture)" };
        }

        int before = counts.GetValueOrDefault(asked.Sample.Object);
        if (rule.Most > 0 && before == rule.Most)
        {
            return asked with
            {
                Reason = $"{before} samples of '{asked.Sample.Object}' are kept before it (per_object.most)",
            };
        }

        counts[asked.Sample.Object] = before + 1;
        pictures[asked.Sample.Item.File] = ofPicture + 1;
        return asked;
    }

    /// <summary>The verdict once all are taken, the sample left out where the object has too few.</summary>
    public Asked LeaveOutFew(Asked asked)
    {
        if (!asked.Kept || counts[asked.Sample.Object] >= rule.Least)
        {
            return asked;
        }

        string are = asked.Verdict == Verdict.NotJudged ? "there" : "right";
        return asked with
        {
            Reason =
                $"only {counts[asked.Sample.Object]} samples of '{asked.Sample.Object}' are {are} (per_object.least)",
        };
    }
}
