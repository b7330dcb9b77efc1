using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>Paper, C.4: patterns "remain consistent across different domains" where the content is the same.</summary>
[Claim(
    12,
    "object_over_style",
    "Heads follow the object, not the style of the picture",
    Paper = "§C.4, Fig. 9",
    Number = "styles lie together (drawn, LLaVA-1.5-7B)",
    Rule = "> 0",
    Why = "cosine of β of the same object in another style, less that of another object in the same style",
    Topic = "styles",
    Needs = "compare-styles, pictures of several styles",
    Figure = typeof(StylesFigure)
)]
internal sealed class OtherStyles : IClaim<Findings>
{
    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(Findings findings)
    {
        Estimate Of(Likeness style, Likeness shown) =>
            findings
                .Rows<StyleRelationRow>()
                .Where(r => r.Style == style && r.Object == shown)
                .Select(r => r.Cosine)
                .DefaultIfEmpty(Estimate.None)
                .First();
        Estimate difference = Of(Likeness.Difference, Likeness.Difference);
        int pairs = Of(style: Likeness.Another, shown: Likeness.Same).Count;
        return !double.IsFinite(difference.Mean)
            ? []
            // Few pairs tell as little as few samples
            : [new Evidence(difference with { Count = Math.Min(difference.Count, pairs) }, Demand.MoreThan(0))];
    }
}
