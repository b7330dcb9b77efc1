using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting;

/// <summary>A number of a report, by which experiments are compared.</summary>
/// <param name="Quantity">What it is: <c>r2</c>, <c>rho</c>, <c>faithful_heads</c>, <c>complete_heads</c>,
/// <c>logit_kept</c>, <c>important_tokens</c>, <c>image_r2</c>, <c>attention_rho</c>, <c>object_area</c>,
/// <c>beta_on_object</c>, <c>attention_on_object</c>, <c>gradient_cost</c> (passes that take as long as a gradient); of
/// <c>gradient-worth</c>, <c>worth_masks</c>, <c>worth_per_pass</c>, <c>worth_r2</c>, <c>worth_r2_gained</c>,
/// <c>worth_faithful_heads</c>, <c>worth_heads_saved</c>; and what the paper's claims are judged by,
/// <c>no_single_head</c>, <c>rival_heads</c> (times as many heads as head attribution), <c>redundancy</c> (heads for
/// completeness by those for faithfulness), <c>late_heads</c>, <c>head_attention_rho</c>, <c>head_clusters</c>,
/// <c>same_object</c>, <c>alike_objects</c>, <c>prompt_cosine</c>, <c>object_over_style</c>, <c>role_tokens</c>,
/// <c>half_of_beta</c>, <c>token_attention_rho</c>, <c>heads_naming_answer</c>; in an overview over models,
/// <c>redundancy_growth</c>. <c>same_object</c>, <c>alike_objects</c> and <c>half_of_beta</c> are judged by their
/// difference from chance within samples, <c>same_object_less_chance</c> and so on.</param>
/// <param name="Criterion">What ranked the heads, for the heads needed; how many masks or gradients, for what they are
/// worth; which part, for a claim of several; else empty.</param>
/// <param name="Value">Mean over samples.</param>
/// <param name="NotReached">Samples left out because they never cross the threshold.</param>
/// <param name="Paper">The paper's mean for this model; NaN = it has none.</param>
/// <param name="PaperDeviation">The paper's standard deviation; NaN = it has none.</param>
/// <param name="Chance">What chance alone would give; NaN = there is no such level.</param>
/// <param name="Verdict">What it says of a claim of the paper; null = no claim is judged by it.</param>
public readonly record struct KeyNumber(
    string Quantity,
    string Criterion,
    Estimate Value,
    int NotReached = 0,
    double Paper = double.NaN,
    double PaperDeviation = double.NaN,
    double Chance = double.NaN,
    ClaimVerdict? Verdict = null
)
{
    /// <summary>Masks or gradients that <see cref="Criterion"/> says, for what they are worth; else null.</summary>
    public int? Observations { get; init; }
}

/// <summary>A number of a report, as a table holds it.</summary>
/// <param name="Quantity">What it is: <c>r2</c>, <c>rho</c>, <c>faithful_heads</c>, <c>complete_heads</c>,
/// <c>logit_kept</c>, <c>important_tokens</c>, <c>image_r2</c>, <c>attention_rho</c>, <c>object_area</c>,
/// <c>beta_on_object</c>, <c>attention_on_object</c>, <c>gradient_cost</c> (passes that take as long as a gradient); of
/// <c>gradient-worth</c>, <c>worth_masks</c>, <c>worth_per_pass</c>, <c>worth_r2</c>, <c>worth_r2_gained</c>,
/// <c>worth_faithful_heads</c>, <c>worth_heads_saved</c>; and what the paper's claims are judged by,
/// <c>no_single_head</c>, <c>rival_heads</c> (times as many heads as head attribution), <c>redundancy</c> (heads for
/// completeness by those for faithfulness), <c>late_heads</c>, <c>head_attention_rho</c>, <c>head_clusters</c>,
/// <c>same_object</c>, <c>alike_objects</c>, <c>prompt_cosine</c>, <c>object_over_style</c>, <c>role_tokens</c>,
/// <c>half_of_beta</c>, <c>token_attention_rho</c>, <c>heads_naming_answer</c>; in an overview over models,
/// <c>redundancy_growth</c>. <c>same_object</c>, <c>alike_objects</c> and <c>half_of_beta</c> are judged by their
/// difference from chance within samples, <c>same_object_less_chance</c> and so on.</param>
/// <param name="Criterion">What ranked the heads, for the heads needed; how many masks or gradients, for what they are
/// worth; which part, for a claim of several; else empty.</param>
/// <param name="Observations">That number of masks or gradients; else null.</param>
/// <param name="Value">Mean over the samples that have the quantity, in its own unit.</param>
/// <param name="Sd">Standard deviation over them.</param>
/// <param name="Low">Lower end of the mean's 95 % interval over samples.</param>
/// <param name="High">Its upper end.</param>
/// <param name="Samples">Samples (objects, heads, models, where the interval is over these) in the mean.</param>
/// <param name="NotReached">Samples left out because they never cross the threshold.</param>
/// <param name="Chance">What chance alone would give; null where there is no such level.</param>
/// <param name="Paper">The paper's mean for this model; null where it has none.</param>
/// <param name="PaperSd">The paper's standard deviation; null where it has none.</param>
/// <param name="Verdict">What it says of a claim of the paper: <c>holds</c> where the whole interval lies on the
/// claim's side of its threshold, <c>does not</c> where it lies on the other, <c>not settled</c> where it holds the
/// threshold or the samples are too few; null where no claim is judged by it.</param>
[Table("key_numbers")]
internal sealed record KeyNumberRow(
    [RowKey] string Quantity,
    [RowKey] string Criterion,
    int? Observations,
    double? Value,
    double? Sd,
    double? Low,
    double? High,
    int Samples,
    int NotReached,
    double? Chance,
    double? Paper,
    double? PaperSd,
    string? Verdict
)
{
    /// <summary>The row of a number.</summary>
    public static KeyNumberRow Of(KeyNumber number) =>
        new(
            number.Quantity,
            number.Criterion,
            number.Observations,
            Undefined.ToNull(number.Value.Mean),
            Undefined.ToNull(number.Value.Deviation),
            Undefined.ToNull(number.Value.Low),
            Undefined.ToNull(number.Value.High),
            number.Value.Count,
            number.NotReached,
            Undefined.ToNull(number.Chance),
            Undefined.ToNull(number.Paper),
            Undefined.ToNull(number.PaperDeviation),
            number.Verdict?.Word()
        );

    /// <summary>The number of the row.</summary>
    public KeyNumber ToNumber() =>
        new(
            Quantity,
            Criterion,
            new Estimate(
                Undefined.ToNaN(Value),
                Undefined.ToNaN(Sd),
                Undefined.ToNaN(Low),
                Undefined.ToNaN(High),
                Samples
            ),
            NotReached,
            Undefined.ToNaN(Paper),
            Undefined.ToNaN(PaperSd),
            Undefined.ToNaN(Chance),
            VerdictWords.Parse(Verdict)
        )
        {
            Observations = Observations,
        };
}

/// <summary>The numbers of a report.</summary>
internal static class KeyNumbers
{
    /// <summary>Table 2: explained variance.</summary>
    public const string R2 = "r2";

    /// <summary>Table 2: correlation.</summary>
    public const string Rho = "rho";

    /// <summary>Fig. 3A: heads needed for faithfulness.</summary>
    public const string FaithfulHeads = "faithful_heads";

    /// <summary>Fig. 3A: heads needed for completeness.</summary>
    public const string CompleteHeads = "complete_heads";

    /// <summary>Table 3: logit kept with the important text tokens only.</summary>
    public const string LogitKept = "logit_kept";

    /// <summary>Passes under a mask that take as long as a gradient.</summary>
    public const string GradientCost = "gradient_cost";

    /// <summary>Masks on which an elastic net is as good as some gradients.</summary>
    public const string WorthInMasks = "worth_masks";

    /// <summary>That number by what the gradients cost.</summary>
    public const string WorthPerPass = "worth_per_pass";

    /// <summary>R^2 of gradients less that of an elastic net at equal cost.</summary>
    public const string WorthR2Gained = "worth_r2_gained";

    /// <summary>Heads for faithfulness that an elastic net at equal cost needs more than gradients.</summary>
    public const string WorthHeadsSaved = "worth_heads_saved";

    /// <summary>R^2 on held-out masks of so many masks or gradients.</summary>
    public const string WorthR2 = "worth_r2";

    /// <summary>Heads for faithfulness in the order of so many masks or gradients.</summary>
    public const string WorthFaithful = "worth_faithful_heads";

    /// <summary>All that the data allow.</summary>
    public static IReadOnlyList<KeyNumber> Of(Findings findings)
    {
        var numbers = new List<KeyNumber>();
        Published? paper = findings.Published;
        if (findings.Fitted.Count > 0)
        {
            numbers.Add(
                new KeyNumber(R2, "", findings.R2, 0, paper?.R2 ?? double.NaN, paper?.R2Deviation ?? double.NaN)
            );
            numbers.Add(
                new KeyNumber(Rho, "", findings.Rho, 0, paper?.Rho ?? double.NaN, paper?.RhoDeviation ?? double.NaN)
            );
        }

        foreach (CriterionFindings criterion in findings.Criteria)
        {
            numbers.Add(
                new KeyNumber(
                    FaithfulHeads,
                    criterion.Criterion,
                    criterion.Faithful.Mean,
                    criterion.Faithful.NotReached
                )
            );
            numbers.Add(
                new KeyNumber(
                    CompleteHeads,
                    criterion.Criterion,
                    criterion.Complete.Mean,
                    criterion.Complete.NotReached
                )
            );
        }

        if (findings.Tokens is { } tokens)
        {
            numbers.Add(new KeyNumber(LogitKept, "", tokens.LogitKept, 0, paper?.LogitKept ?? double.NaN));
            numbers.Add(new KeyNumber("important_tokens", "", tokens.TokensKept));
            numbers.Add(new KeyNumber("image_r2", "", tokens.R2));
            numbers.Add(new KeyNumber("attention_rho", "", tokens.Rho));
            numbers.Add(new KeyNumber("object_area", "", tokens.ObjectArea));
            numbers.Add(new KeyNumber("beta_on_object", "", tokens.BetaOnObject));
            numbers.Add(new KeyNumber("attention_on_object", "", tokens.AttentionOnObject));
        }

        if (WorthFindings.Of(findings.Rows<WorthRow>(), findings.Rows<PassSecondsRow>()) is { } worth)
        {
            numbers.AddRange(OfWorth(worth));
        }

        return WithClaims([.. numbers.Where(n => n.Value.Count > 0 || n.NotReached > 0)], findings);
    }

    /// <summary>
    /// The numbers with what claims are judged by: those that a report states anyway get their verdict, the others
    /// follow.
    /// </summary>
    private static IReadOnlyList<KeyNumber> WithClaims(List<KeyNumber> numbers, Findings findings)
    {
        foreach (KeyNumber judged in Claims.NumbersOf(findings))
        {
            int stated = numbers.FindIndex(n => n.Quantity == judged.Quantity && n.Criterion == judged.Criterion);
            if (stated < 0)
            {
                numbers.Add(judged);
            }
            else
            {
                numbers[stated] = judged;
            }
        }

        return numbers;
    }

    /// <summary>What gradients are worth; the criterion is how many of what.</summary>
    private static IEnumerable<KeyNumber> OfWorth(WorthFindings worth)
    {
        yield return new KeyNumber(GradientCost, "", worth.CostOfGradient);
        foreach (GradientsWorth gradients in worth.Gradients)
        {
            KeyNumber Of(string quantity, Estimate value) => OfMany(quantity, "gradient", gradients.Point, value);
            yield return Of(WorthInMasks, gradients.Masks);
            yield return Of(WorthPerPass, gradients.PerPass);
            yield return Of(WorthR2Gained, gradients.R2Gained);
            yield return Of(WorthHeadsSaved, gradients.HeadsSaved);
        }

        foreach (
            var (point, noun) in worth
                .Masks.Select(p => (p, "mask"))
                .Concat(worth.Gradients.Select(g => (g.Point, "gradient")))
        )
        {
            yield return OfMany(WorthR2, noun, point, point.R2);
            yield return OfMany(WorthFaithful, noun, point, point.Faithful);
        }
    }

    private static KeyNumber OfMany(string quantity, string noun, WorthPoint point, Estimate value) =>
        new(quantity, Format.Many(point.Observations, noun), value) { Observations = point.Observations };
}
