using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// Where each head of x* looks in the picture. A unit of its own beside <see cref="TextTrace"/>, so that samples that
/// were traced before it was there keep what they have.
/// </summary>
/// <param name="Passes">The sample.</param>
/// <param name="Text">x*, u* and delta.</param>
[UnitKind("token-trace", 1, "masks")]
internal sealed record HeadAttention(SamplePasses Passes, Unit Text) : IUnit<HeadAttention>
{
    /// <inheritdoc/>
    public static void Compute(HeadAttention unit, UnitRun run)
    {
        var tokens = run.Rows<TextTokenRow>(unit.Text);
        byte[] important = HeadMasks.Of(tokens.Count, tokens.Where(t => t.Important).Select(t => t.Position));
        using var lease = unit.Passes.Prepare(run);
        using IntactRun intact = IntactRun.Compute(lease.Value.Prefix);
        SamplePrefix prefix = unit.Passes.Prefix;
        int perLayer = prefix.Model.Info.Heads;
        run.Write<HeadAttentionRow>([
            .. WeightedAttention
                .OfHeads(intact, run.Row<TokenTraceRow>(unit.Text).Heads, [.. tokens.Select(t => t.Delta)], important)
                .Select(h => HeadAttentionRow.Of(prefix.Sample, h.Head / perLayer, h.Head % perLayer, h.Attention)),
        ]);
    }
}
