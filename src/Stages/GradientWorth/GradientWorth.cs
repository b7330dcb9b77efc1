using Pipelines.Domain.Errors;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// What gradients are worth at a model's size (beyond the paper). A sample has a fit for every number of masks and of
/// gradients, a scan of the order that each gives, what these come to, and how long a mask and a gradient take.
/// </summary>
[StageOf<GradientWorthSpec>]
public sealed class GradientWorth : Stage
{
    private readonly StageContext context;
    private readonly GradientWorthSpec spec;
    private readonly ForwardPasses forward;
    private readonly GradientPasses gradients;

    /// <summary>The stage over its inputs.</summary>
    public GradientWorth(StageContext context, GradientWorthSpec spec, ForwardPasses forward, GradientPasses gradients)
    {
        (this.context, this.spec, this.forward, this.gradients) = (context, spec, forward, gradients);
        Masks = [.. spec.Masks.Distinct().Order()];
        Gradients = [.. spec.Gradients.Distinct().Order()];
    }

    /// <inheritdoc/>
    public override string WorkUnit => "samples";

    /// <summary>Numbers of masks, ascending.</summary>
    private IReadOnlyList<int> Masks { get; }

    /// <summary>Numbers of gradients, ascending.</summary>
    private IReadOnlyList<int> Gradients { get; }

    /// <inheritdoc/>
    /// <exception cref="InputException">There are fewer masks or gradients than are to be looked at.</exception>
    public override UnitList Units(Artifacts artifacts)
    {
        RequireEnough();
        return forward.Accepted(artifacts) is { } samples
            ? new UnitList([.. samples.SelectMany(s => UnitsOf(artifacts, s).All)])
            : new UnitList([], $"{forward.Name} is done", forward.ExpectedSamples);
    }

    /// <summary>Samples, fits of each and passes of a scan at most, while the samples are not known.</summary>
    public (long Samples, int Fits, long PassesOfScan) Expected =>
        (forward.ExpectedSamples, Masks.Count + Gradients.Count, 2L * (context.Heads + 1));

    /// <summary>Batches of masks, and of gradients, that are timed in a sample.</summary>
    public int Rounds => spec.Rounds;

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [
            new PublishedTable<WorthRow>(() => artifacts.Rows<WorthRow>(Each(artifacts, u => u.Worth))),
            new PublishedTable<PassSecondsRow>(() => artifacts.Rows<PassSecondsRow>(Each(artifacts, u => u.Seconds))),
        ];

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        var found = WorthFindings.Of(
            artifacts.Rows<WorthRow>(Each(artifacts, u => u.Worth)),
            artifacts.Rows<PassSecondsRow>(Each(artifacts, u => u.Seconds))
        );
        return
        [
            .. found!.Gradients.Select(g => new SummaryRow(
                $"{Name}: {Format.Many(g.Point.Observations, "gradient")}",
                g.Words
            )),
            .. NotConverged(artifacts),
        ];
    }

    /// <inheritdoc/>
    public override Convergence Convergence(Artifacts artifacts) =>
        Reporting.Convergence.Of(
            Name,
            forward
                .Accepted(artifacts)!
                .SelectMany(s => artifacts.Rows<FirstFitRow>(UnitsOf(artifacts, s).Fits))
                .Where(f => f.Way == WorthRow.Masks)
                .Select(f => (f.Iterations, f.Converged))
        );

    private List<Unit> Each(Artifacts artifacts, Func<UnitsOfSample, Unit> which) =>
        [.. forward.Accepted(artifacts)!.Select(s => which(UnitsOf(artifacts, s)))];

    private void RequireEnough()
    {
        forward.RequireFixedCount(Name);
        int train = TrainTestSplit.Of(forward.Masks.Most, spec.Train, context.Experiment.Seed).TrainRows;
        if (Masks[^1] > train)
        {
            throw new InputException(
                $"stages.{Name}.masks",
                Invariant.Text(
                    $"asks for {Masks[^1]} masks that train; of the {forward.Masks.Most} of stage {forward.Masks.Name} "
                        + $"{train} do (train: {spec.Train})."
                ),
                $"Raise stages.{forward.Masks.Name}.count, or name fewer."
            );
        }

        if (Gradients[^1] > gradients.Spec.Count)
        {
            throw new InputException(
                $"stages.{Name}.gradients",
                Invariant.Text(
                    $"asks for {Gradients[^1]} gradients; stage {gradients.Name} has {gradients.Spec.Count}."
                ),
                $"Raise stages.{gradients.Name}.count, or name fewer."
            );
        }
    }

    private UnitsOfSample UnitsOf(Artifacts artifacts, Sample sample) =>
        artifacts.Once(this, nameof(UnitsOf), sample.Id, () => Create(artifacts, sample));

    private UnitsOfSample Create(Artifacts artifacts, Sample sample)
    {
        SamplePasses passes = forward.PassesOver(artifacts, sample);
        Unit ends = forward.EndsUnit(artifacts, sample);
        Observed observed = forward.ObservedOf(artifacts, sample);
        var held = new HeldOut(observed, spec.Train, context.Experiment.Seed);
        (string Criterion, Unit Unit)[] fits =
        [
            .. Masks.Select(m =>
                Fit(
                    sample,
                    WorthRow.Masks,
                    m,
                    new FitToFirstMasks(sample.Id, context.Info.Heads, m, spec.Alpha, spec.L1Ratio, held)
                )
            ),
            .. Gradients.Select(g =>
                Fit(
                    sample,
                    WorthRow.Gradients,
                    g,
                    new MeanOfFirstGradients(
                        sample.Id,
                        context.Info.Heads,
                        g,
                        gradients.Spec.Average,
                        gradients.ShardsOf(artifacts, sample, g),
                        held
                    )
                )
            ),
        ];
        Unit[] units = [.. fits.Select(f => f.Unit)];
        Unit[] scans =
        [
            .. fits.Select(fit =>
                Unit.Of(
                    fit.Unit.Name,
                    new CurvesOfOrder(
                        passes,
                        ends,
                        fit.Criterion,
                        fit.Unit,
                        Gradients: null,
                        Seed: null,
                        RandomSeeds: null,
                        Order: null,
                        Pipelines.Spec.ScanRange.UntilCrossed,
                        spec.Faithfulness,
                        spec.Completeness,
                        RefinedFaithfulness: null,
                        RefinedCompleteness: null
                    ),
                    2L * (context.Heads + 1)
                )
            ),
        ];
        Unit worth = Unit.Of(
            sample.Id,
            new WorthOfSample(sample.Id, units, scans, spec.Faithfulness, spec.Completeness)
        );
        Unit seconds = Unit.Of(
            sample.Id,
            new SecondsOfPasses(passes, spec.Rounds, Masks, spec.Alpha, spec.L1Ratio, held),
            spec.Rounds
        );
        return new UnitsOfSample(units, scans, worth, seconds);
    }

    /// <summary>A fit, and the criterion that its order of heads is.</summary>
    private static (string Criterion, Unit Unit) Fit<TUnit>(Sample sample, string way, int observations, TUnit fit)
        where TUnit : class, IUnit<TUnit>
    {
        string criterion = Invariant.Text($"{way} {observations}");
        return (criterion, Unit.Of($"{sample.Id}/{criterion}", fit));
    }

    private sealed record UnitsOfSample(IReadOnlyList<Unit> Fits, IReadOnlyList<Unit> Scans, Unit Worth, Unit Seconds)
    {
        public IEnumerable<Unit> All => [.. Fits, .. Scans, Worth, Seconds];
    }
}
