using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// Paper, C.3: the coefficients "generalize across different prompts", with a cosine of 0.91 at least and 0.95 on
/// average.
/// </summary>
[Claim(
    11,
    "prompt_cosine",
    "Other wordings of the task use the same heads",
    Paper = "§C.3, Table 1",
    Number = "0.95 over nine prompts, 0.91 at least (LLaVA-1.5-7B)",
    Rule = "> 0.91",
    Why = "mean cosine of β with that under the default prompt; 0.91 is the least of the paper's nine",
    Topic = "prompts",
    Needs = "prompt-similarity over the paper's p1 to p9",
    Figure = typeof(PromptFigure),
    IsByPapersNumber = true
)]
internal sealed class OtherPrompts : IClaim<Findings>
{
    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(Findings findings)
    {
        Estimate[] prompts =
        [
            .. findings
                .Rows<PromptSimilarityRow>()
                .GroupBy(r => r.Prompt, StringComparer.Ordinal)
                .Where(g => IsPapers(findings, g.Key))
                .Select(g => findings.Intervals.Of(g.Select(r => Undefined.ToNaN(r.Cosine))))
                .Where(cosine => cosine.Count > 0),
        ];
        return prompts.Length == 0
            ? []
            :
            [
                new Evidence(Mean(prompts), Demand.MoreThan(Published.PromptSimilarity.Min(p => p.Mean)))
                {
                    Paper = findings.Published is { IsMain: true }
                        ? Published.PromptSimilarity.Average(p => p.Mean)
                        : double.NaN,
                },
            ];
    }

    /// <summary>A prompt of the paper's Table 1, against its default prompt.</summary>
    public static bool IsPapers(Findings findings, string prompt) =>
        findings.Data is { IsDefaultQuestion: true, IsAsThePaper: true } && prompt is ['p', >= '1' and <= '9'];

    /// <summary>
    /// The mean over prompts. Samples are the same under all of them, so that their means move together: the mean's
    /// interval is that of the ends, not a narrower one.
    /// </summary>
    public static Estimate Mean(IReadOnlyList<Estimate> prompts) =>
        new(
            prompts.Average(p => p.Mean),
            double.NaN,
            prompts.Average(p => p.Low),
            prompts.Average(p => p.High),
            prompts.Min(p => p.Count)
        );
}
