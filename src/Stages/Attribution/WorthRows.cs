using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Attribution;

/// <summary>What the first masks or gradients of a sample are worth.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Way"><see cref="Masks"/> or <see cref="Gradients"/>.</param>
/// <param name="Observations">Train masks fitted, or gradients averaged: the first so many.</param>
/// <param name="R2">Of b + x . β on the held-out forward masks, the same for both ways; null where undefined.</param>
/// <param name="Pearson">Correlation of β with that of the elastic net on most masks; null where undefined.</param>
/// <param name="Spearman">The same of ranks, tied heads (β = 0) at their mean rank.</param>
/// <param name="FaithfulHeads">Smallest k whose faithfulness exceeds the threshold in the order of β; null where none
/// does.</param>
/// <param name="CompleteHeads">Smallest k whose completeness falls below the threshold in that order; null where none
/// does.</param>
[Table("gradient_worth")]
public sealed record WorthRow(
    [RowKey] string SampleId,
    [RowKey] string Way,
    [RowKey] int Observations,
    double? R2,
    double? Pearson,
    double? Spearman,
    [Unit("heads")] int? FaithfulHeads,
    [Unit("heads")] int? CompleteHeads
)
{
    /// <summary>An elastic net on masks.</summary>
    public const string Masks = "elastic-net";

    /// <summary>Expected gradients.</summary>
    public const string Gradients = "gradient";
}

/// <summary>
/// How long a piece of work takes on the machine of the run: measured, so that another run has other numbers. Masks and
/// gradients take turns, so that their ratio is of one machine in one state.
/// </summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Round">Which of the turns, from 0.</param>
/// <param name="Work"><see cref="Mask"/> or <see cref="Gradient"/>: one pass within a batch as the stages run them;
/// <see cref="Net"/>: one fit.</param>
/// <param name="Observations">Passes of the batch that was timed, or masks of the fit.</param>
/// <param name="Seconds">Of one pass (the batch's by its size), or of the fit; by the clock.</param>
[Table("pass_seconds")]
public sealed record PassSecondsRow(
    [RowKey] string SampleId,
    [RowKey] int Round,
    [RowKey] string Work,
    [RowKey] int Observations,
    [Unit("s")] double Seconds
)
{
    /// <summary>A forward pass under a mask.</summary>
    public const string Mask = "mask";

    /// <summary>A forward and a backward pass.</summary>
    public const string Gradient = "gradient";

    /// <summary>An elastic net.</summary>
    public const string Net = "elastic-net";
}

/// <summary>A fit to the first masks or gradients, as a unit stores it.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Way">As <see cref="WorthRow.Way"/>.</param>
/// <param name="Observations">Masks fitted, or gradients averaged.</param>
/// <param name="R2">On the held-out masks.</param>
/// <param name="Intercept">b.</param>
/// <param name="Iterations">Sweeps; of gradients, those averaged.</param>
/// <param name="Converged">The stopping rule was met.</param>
[Table("first_fit", IsInternal = true)]
internal sealed record FirstFitRow(
    [RowKey] string SampleId,
    [RowKey] string Way,
    [RowKey] int Observations,
    double? R2,
    double Intercept,
    int Iterations,
    bool Converged
);
