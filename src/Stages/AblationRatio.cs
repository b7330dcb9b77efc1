using System.Globalization;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// Heads that head attribution needs when masks ablate other shares of the heads (paper, Fig. 6): a chain of masks,
/// passes, fits and validations for every ratio, and one table of what they give. The chain of the ratio that the
/// experiment's own masks have is the experiment's own.
/// </summary>
[StageOf<AblationRatioSpec>]
public sealed class AblationRatio : Stage
{
    private const int Version = 1;
    private const string FileName = "ablation-ratio.parquet";

    private readonly AblationRatioSpec spec;
    private readonly ForwardPasses forward;
    private readonly Validate validation;
    private readonly IReadOnlyList<RatioChain> chains;

    /// <summary>
    /// A study of the masks of <paramref name="attribution"/>, with the thresholds and the scan of
    /// <paramref name="validation"/>.
    /// </summary>
    /// <exception cref="InputException">A ratio would ablate no head, or all.</exception>
    public AblationRatio(
        StageContext context,
        string name,
        AblationRatioSpec spec,
        Regress attribution,
        Validate validation
    )
        : base(context)
    {
        (this.spec, this.validation, forward) = (spec, validation, attribution.Forward);
        Chain.RequireFixedCount(name, forward);
        SampleMasksSpec masks = forward.Masks.Spec;
        if (masks.Draw == MaskDraw.Exact)
        {
            spec.Ratios.ToList().ForEach(ratio => RequireSomeOfEach(name, ratio, context.Heads));
        }

        ValidateSpec order = validation.Spec with { RankBy = [Criterion.HeadAttribution] };
        chains =
        [
            .. spec
                .Ratios.Order()
                .Select(ratio =>
                {
                    bool isOwn = ratio == masks.Ablate;
                    Chain chain = isOwn
                        ? Chain.Of(attribution)
                        : Chain.Like(context, attribution, forward.Answers, masks with { Ablate = ratio });
                    return new RatioChain(
                        ratio,
                        chain,
                        isOwn && validation.Spec.Compares(Criterion.HeadAttribution)
                            ? validation
                            : new Validate(context, order, chain.Forward, chain.Attribution) { Name = validation.Name }
                    );
                }),
        ];
    }

    /// <inheritdoc/>
    public override string Kind => "ablation-ratio";

    /// <summary>A mask and a point of a validation curve cost the same: one pass of the model.</summary>
    public override string WorkUnit => "passes";

    /// <summary>The validation whose thresholds count.</summary>
    public Validate Validation => validation;

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts)
    {
        if (Samples(artifacts) is not { } samples)
        {
            return new UnitList([], $"{forward.Name} is done", ExpectedPasses);
        }

        // Kind by kind; passes of a sample together, because they share its prepared prefix.
        return new UnitList([
            .. from sample in samples from c in chains from unit in c.Chain.MaskUnits(sample) select unit,
            .. from sample in samples from c in chains from unit in c.Chain.PassUnits(sample) select unit,
            .. from sample in samples from c in chains select c.Chain.Attribution.UnitOf(sample),
            .. from sample in samples from c in chains select c.Validation.UnitOf(sample, Criterion.HeadAttribution),
            TableUnit(samples),
        ]);
    }

    /// <summary>Heads needed and quality of the fit, by ratio and sample.</summary>
    public IReadOnlyList<AblationRatioRow> Rows(Artifacts artifacts) =>
        Tables.Of<AblationRatioRow>().Read(artifacts.File(TableUnit(Samples(artifacts)!), FileName));

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder) => PublishTable(folder, Rows(artifacts));

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts) =>
        [
            .. Rows(artifacts)
                .GroupBy(r => r.Ablate)
                .Select(rows => new SummaryRow(
                    Invariant.Text($"{Name}: {100 * rows.Key:0.##} % ablated"),
                    Invariant.Text(
                        $"{Words(rows, r => r.FaithfulHeads)} heads for faithfulness > {validation.Spec.Faithfulness}, "
                            + $"{Words(rows, r => r.CompleteHeads)} for completeness < {validation.Spec.Completeness}"
                    )
                )),
            .. NotConverged(Convergence(artifacts)),
        ];

    /// <summary>Whether the fits met their stopping rule.</summary>
    public Reporting.Convergence Convergence(Artifacts artifacts) =>
        Reporting.Convergence.Of(
            Name,
            (
                from c in chains
                from sample in Samples(artifacts)!
                select c.Chain.Attribution.Fit(artifacts, sample)
            ).Select(f => (f.Iterations, f.Converged))
        );

    private static void RequireSomeOfEach(string name, double ratio, int heads)
    {
        int ablated = HeadMasks.AblatedCount(heads, ratio);
        if (ablated > 0 && ablated < heads)
        {
            return;
        }

        throw new InputException(
            $"stages.{name}.ratios",
            Invariant.Text($"{ratio} of {heads} heads is {ablated}: every mask would be the same."),
            "Use shares that leave some heads intact and some ablated."
        );
    }

    private static string Words(IEnumerable<AblationRatioRow> rows, Func<AblationRatioRow, int?> heads) =>
        Reporting.HeadsNeeded.Of(rows.Select(r => (r.SampleId, heads(r) ?? double.NaN)), new Bootstrap()).Words;

    /// <summary>The samples studied; null while they are not known.</summary>
    private IReadOnlyList<Sample>? Samples(Artifacts artifacts) =>
        forward.Accepted(artifacts) is { } accepted
            ? spec.Samples == 0
                ? accepted
                : [.. accepted.Take(spec.Samples)]
            : null;

    private long ExpectedPasses
    {
        get
        {
            long samples =
                spec.Samples == 0 ? forward.ExpectedSamples : Math.Min(spec.Samples, forward.ExpectedSamples);
            return samples
                * chains.Count(c => c.Validation != validation)
                * (forward.Masks.Most + (2L * (Context.Heads + 1)));
        }
    }

    private Unit TableUnit(IReadOnlyList<Sample> samples) =>
        new(
            Kind,
            Version,
            "heads needed by ratio",
            [
                new KeyPart.Text(
                    "ratios",
                    string.Join(' ', chains.Select(c => c.Ratio.ToString("R", CultureInfo.InvariantCulture)))
                ),
                new KeyPart.Number("faithfulness", validation.Spec.Faithfulness),
                new KeyPart.Number("completeness", validation.Spec.Completeness),
                new KeyPart.Inputs(
                    "fits",
                    [.. from c in chains from sample in samples select c.Chain.Attribution.UnitOf(sample)]
                ),
                new KeyPart.Inputs(
                    "validation",
                    [
                        .. from c in chains
                        from sample in samples
                        select c.Validation.UnitOf(sample, Criterion.HeadAttribution),
                    ]
                ),
            ],
            1,
            "tables",
            run =>
                Tables
                    .Of<AblationRatioRow>()
                    .Write(
                        run.File(FileName),
                        [.. from c in chains from sample in samples select Row(run.Artifacts, c, sample)]
                    )
        );

    private AblationRatioRow Row(Artifacts artifacts, RatioChain c, Sample sample)
    {
        FitRow fit = c.Chain.Attribution.Fit(artifacts, sample);
        ValidationRow[] curve = [.. c.Validation.Rows(artifacts, sample, Criterion.HeadAttribution).OrderBy(r => r.K)];
        return new AblationRatioRow(
            sample.Id,
            c.Ratio,
            Thresholds.FirstAbove([.. curve.Select(r => r.Faithfulness)], validation.Spec.Faithfulness),
            Thresholds.FirstBelow([.. curve.Select(r => r.Completeness)], validation.Spec.Completeness),
            fit.R2,
            fit.Rho
        );
    }

    private sealed record RatioChain(double Ratio, Chain Chain, Validate Validation);
}

/// <summary>What masks of one ratio give in one sample.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Ablate">Share of the heads that a mask ablates, p.</param>
/// <param name="FaithfulHeads">The smallest k above the faithfulness threshold; null where none crosses it.</param>
/// <param name="CompleteHeads">The smallest k below the completeness threshold; null where none crosses it.</param>
/// <param name="R2">Of the fit, on its test masks; null = undefined.</param>
/// <param name="Rho">Pearson's, likewise.</param>
[Table("ablation_ratio")]
public sealed record AblationRatioRow(
    [RowKey] string SampleId,
    [RowKey] double Ablate,
    [Unit("heads")] int? FaithfulHeads,
    [Unit("heads")] int? CompleteHeads,
    double? R2,
    double? Rho
);
