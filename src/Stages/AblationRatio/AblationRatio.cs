using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// Heads that head attribution needs when masks ablate other shares of the heads (paper, Fig. 6): a chain of masks,
/// passes, fits and validations for every ratio, and one table of what they give. The chain of the ratio that the
/// experiment's own masks have is the experiment's own.
/// </summary>
[StageOf<AblationRatioSpec>]
public sealed class AblationRatio : Stage
{
    private readonly StageContext context;
    private readonly AblationRatioSpec spec;
    private readonly ForwardPasses forward;
    private readonly Validate validation;
    private readonly IReadOnlyList<RatioPlan> plans;

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
    {
        (this.context, this.spec, this.validation) = (context, spec, validation);
        forward = attribution.Forward;
        forward.RequireFixedCount(name);
        SampleMasksSpec masks = forward.Masks.Spec;
        if (masks.Draw == MaskDraw.Exact)
        {
            spec.Ratios.ToList().ForEach(ratio => RequireSomeOfEach(name, ratio, context.Heads));
        }

        plans = [.. spec.Ratios.Order().Select(ratio => RatioPlan.Of(context, ratio, attribution, validation))];
    }

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
            .. from sample in samples from p in plans from unit in p.Forward.MasksOf(artifacts, sample) select unit,
            .. from sample in samples
            from p in plans
            from unit in p.Attribution.PassUnits(artifacts, sample)
            select unit,
            .. from sample in samples from p in plans select p.Attribution.UnitOf(artifacts, sample),
            .. from sample in samples from p in plans select p.Curves(artifacts, sample),
            TableUnit(artifacts, samples),
        ]);
    }

    /// <summary>Heads needed and quality of the fit, by ratio and sample.</summary>
    public IReadOnlyList<AblationRatioRow> Rows(Artifacts artifacts)
    {
        ArgumentNullException.ThrowIfNull(artifacts);
        return artifacts.Rows<AblationRatioRow>(TableUnit(artifacts, Samples(artifacts)!));
    }

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [new PublishedTable<AblationRatioRow>(() => Rows(artifacts))];

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
            .. NotConverged(artifacts),
        ];

    /// <summary>Whether the fits met their stopping rule.</summary>
    public override Reporting.Convergence Convergence(Artifacts artifacts) =>
        Reporting.Convergence.Of(
            Name,
            (from p in plans from sample in Samples(artifacts)! select p.Attribution.Fit(artifacts, sample)).Select(f =>
                (f.Iterations, f.Converged)
            )
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
                * plans.Count(p => p.Ratio != forward.Masks.Spec.Ablate)
                * (forward.Masks.Most + validation.Passes(Criterion.HeadAttribution));
        }
    }

    private Unit TableUnit(Artifacts artifacts, IReadOnlyList<Sample> samples) =>
        artifacts.Once(
            this,
            nameof(TableUnit),
            "",
            () =>
                Unit.Of(
                    "heads needed by ratio",
                    new HeadsNeededByRatio(
                        [.. plans.Select(p => p.Ratio)],
                        validation.Spec.Faithfulness,
                        validation.Spec.Completeness,
                        [.. from p in plans from sample in samples select p.Attribution.UnitOf(artifacts, sample)],
                        [.. from p in plans from sample in samples select p.Curves(artifacts, sample)]
                    )
                )
        );

    /// <summary>The experiment with masks of one ratio, up to its fits and the curves of head attribution.</summary>
    private sealed record RatioPlan(double Ratio, Regress Attribution, Validate Validation)
    {
        public ForwardPasses Forward => Attribution.Forward;

        public static RatioPlan Of(StageContext context, double ratio, Regress attribution, Validate validation)
        {
            var plan = new SubPlan(
                context,
                attribution.Name,
                settings => settings is SampleMasksSpec masks ? masks with { Ablate = ratio } : settings
            );
            Regress fits = plan.Stage<Regress>(attribution.Name);
            ValidateSpec curves = validation.Spec with { RankBy = [Criterion.HeadAttribution] };
            return new RatioPlan(
                ratio,
                fits,
                new Validate(context, curves, fits.Forward, fits) { Name = validation.Name }
            );
        }

        public Unit Curves(Artifacts artifacts, Sample sample) =>
            Validation.UnitOf(artifacts, sample, Criterion.HeadAttribution);
    }
}

/// <summary>Heads needed and quality of the fits, by ratio.</summary>
/// <param name="Ratios">Shares of heads that masks ablate, ascending.</param>
/// <param name="Faithfulness">Heads needed: above this.</param>
/// <param name="Completeness">Heads needed: below this.</param>
/// <param name="Fits">The fits, ratio by ratio, each over the same samples in the same order.</param>
/// <param name="Validation">The curves of head attribution, likewise.</param>
[UnitKind("ablation-ratio", 1, "tables")]
internal sealed record HeadsNeededByRatio(
    IReadOnlyList<double> Ratios,
    double Faithfulness,
    double Completeness,
    IReadOnlyList<Unit> Fits,
    IReadOnlyList<Unit> Validation
) : IUnit<HeadsNeededByRatio>
{
    /// <inheritdoc/>
    public static void Compute(HeadsNeededByRatio unit, UnitRun run)
    {
        int samples = unit.Fits.Count / unit.Ratios.Count;
        run.Write<AblationRatioRow>([.. unit.Fits.Select((_, i) => unit.Row(run, unit.Ratios[i / samples], i))]);
    }

    private AblationRatioRow Row(UnitRun run, double ratio, int i)
    {
        FitRow fit = run.Row<FitRow>(Fits[i]);
        OrderScan scan = run.Artifacts.Scans([Validation[i]])[0];
        return new AblationRatioRow(
            fit.SampleId,
            ratio,
            scan.Needed(ValidationQuantity.Faithfulness, Faithfulness),
            scan.Needed(ValidationQuantity.Completeness, Completeness),
            fit.R2,
            fit.Rho
        );
    }
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
