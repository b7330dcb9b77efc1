using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Comparison;

/// <summary>Two token traces.</summary>
/// <param name="A">Of A.</param>
/// <param name="B">Of B.</param>
/// <param name="LogitKept">phi(x*, u*, 1) / phi(x*).</param>
/// <param name="HeadsKept">Heads in x*.</param>
/// <param name="TokensKept">Tokens in u*.</param>
/// <param name="Delta">Correlation of delta over the text tokens of a sample, over samples in common whose text tokens
/// are the same.</param>
/// <param name="OtherText">Samples in common whose text tokens are not the same (another prompt).</param>
/// <param name="ImageBeta">Correlation of beta over the image tokens of a sample, over samples in common that have it
/// in both.</param>
public sealed record TraceComparison(
    TraceResults A,
    TraceResults B,
    Paired LogitKept,
    Paired HeadsKept,
    Paired TokensKept,
    Estimate Delta,
    int OtherText,
    Estimate ImageBeta
)
{
    /// <summary>Compares sample by sample.</summary>
    public static TraceComparison Of(TraceResults a, TraceResults b, Bootstrap bootstrap)
    {
        CommonSample[] common =
        [
            .. SampleOverlap
                .Of(a.Samples, b.Samples)
                .Common.Where(s => a.Traces.ContainsKey(s.Id) && b.Traces.ContainsKey(s.Id)),
        ];
        Paired Of(Func<Storage.TokenTraceRow, double> value) =>
            Paired.Of(
                a.Traces.ToDictionary(t => t.Key, t => value(t.Value)),
                b.Traces.ToDictionary(t => t.Key, t => value(t.Value)),
                common,
                bootstrap
            );
        CommonSample[] sameText =
        [
            .. common.Where(s =>
                a.Text[s.Id].Select(t => t.TokenId).SequenceEqual(b.Text[s.Id].Select(t => t.TokenId))
            ),
        ];
        return new TraceComparison(
            a,
            b,
            Of(t => t.LogitKept),
            Of(t => t.HeadsKept),
            Of(t => t.TokensKept),
            bootstrap.Of(
                sameText.Select(s =>
                    Metrics.Pearson([.. a.Text[s.Id].Select(t => t.Delta)], [.. b.Text[s.Id].Select(t => t.Delta)])
                )
            ),
            common.Length - sameText.Length,
            bootstrap.Of(common.Select(s => OfImage(a.Image.GetValueOrDefault(s.Id), b.Image.GetValueOrDefault(s.Id))))
        );
    }

    private static double OfImage(Storage.ImageTokenRow[]? a, Storage.ImageTokenRow[]? b) =>
        a is null || b is null || a.Length != b.Length || a.Any(t => t.Beta is null) || b.Any(t => t.Beta is null)
            ? double.NaN
            : Metrics.Pearson([.. a.Select(t => t.Beta!.Value)], [.. b.Select(t => t.Beta!.Value)]);
}
