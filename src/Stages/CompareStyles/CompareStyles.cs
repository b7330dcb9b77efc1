using Pipelines.Domain;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// Compares styles, DomainNet's domains (paper, Fig. 9): how alike beta is between them for the same object and for
/// another, how well the regression fits in each, and how many heads each needs. One unit, a pure function of beta,
/// fits, curves and the pictures' folders.
/// </summary>
[StageOf<CompareStylesSpec>]
public sealed class CompareStyles(
    StageContext context,
    ForwardPasses forward,
    Regress attribution,
    Validate? validation
) : Stage
{
    /// <inheritdoc/>
    public override string WorkUnit => "comparisons";

    /// <summary>The styles in the order of the spec.</summary>
    // Any other data is refused by the spec's reader
    public IReadOnlyList<string> Styles => ((DomainNetData)context.Experiment.Data).Domains;

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) =>
        forward.Accepted(artifacts) is { } samples
            ? new UnitList([artifacts.Once(this, nameof(Create), "", () => Create(artifacts, samples))])
            : new UnitList([], $"{forward.Name} is done", 1);

    /// <summary>Cosine of beta by styles and objects.</summary>
    private StyleComparison Cosines(Artifacts artifacts)
    {
        Unit known = Units(artifacts).Known[0];
        IReadOnlyList<StyleRelationRow> relations = artifacts.Rows<StyleRelationRow>(known);
        return new StyleComparison(
            [.. artifacts.Rows<StylePairsRow>(known).Select(r => r.ToPairs())],
            [
                .. relations
                    .Where(r => r.Object != Likeness.Difference)
                    .Select(r => new StyleRelation(r.Object == Likeness.Same, r.Style == Likeness.Same, r.Cosine)),
            ],
            relations.Single(r => r.Object == Likeness.Difference).Cosine
        );
    }

    /// <summary>R^2, rho and heads needed by style.</summary>
    public IReadOnlyList<StyleMeanRow> MeanRows(Artifacts artifacts) =>
        artifacts.Rows<StyleMeanRow>(Units(artifacts).Known[0]);

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [
            new PublishedTable<StylePairsRow>(() => artifacts.Rows<StylePairsRow>(Units(artifacts).Known)),
            new PublishedTable<StyleRelationRow>(() => artifacts.Rows<StyleRelationRow>(Units(artifacts).Known)),
            new PublishedTable<StyleMeanRow>(() => MeanRows(artifacts)),
        ];

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        StyleComparison cosines = Cosines(artifacts);
        Estimate across = cosines.Of(sameObject: true, sameStyle: false),
            within = cosines.Of(sameObject: false, sameStyle: true);
        string Cosine(Estimate of) => of.Count == 0 ? "unknown (no such pair)" : Reporting.Format.Score(of.Mean);
        return
        [
            new SummaryRow(
                Name,
                $"cosine of beta {Cosine(across)} for an object across styles, {Cosine(within)} for other "
                    + $"objects of a style"
            ),
        ];
    }

    private Unit Create(Artifacts artifacts, IReadOnlyList<Sample> samples) =>
        Unit.Of(
            $"{samples.Count} samples",
            new ComparedStyles(
                Styles,
                new LabelSource<StyledSample>(
                    [.. samples.Select(s => new StyledSample(s.Id, s.Item.Domain!, s.Item.Category!))],
                    $"{samples.Count} samples",
                    s => $"{s.SampleId}\t{s.Style}\t{s.Object}",
                    context.LabelFiles
                ),
                [.. samples.Select(s => attribution.UnitOf(artifacts, s))],
                validation?.Spec.Faithfulness,
                validation?.Spec.Completeness,
                validation?.Units(artifacts).Known
            )
        );
}

/// <summary>A sample of a style.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Style">Its style.</param>
/// <param name="Object">What it shows.</param>
internal sealed record StyledSample(string SampleId, string Style, string Object);

/// <summary>beta, fits and curves, style by style.</summary>
/// <param name="Styles">The styles, in order.</param>
/// <param name="Labels">The samples.</param>
/// <param name="Attribution">Their fits, in order of the samples.</param>
/// <param name="Faithfulness">Heads needed: above this; null without curves.</param>
/// <param name="Completeness">Heads needed: below this.</param>
/// <param name="Validation">The curves.</param>
[UnitKind("compare-styles", 1, "comparisons")]
internal sealed record ComparedStyles(
    IReadOnlyList<string> Styles,
    LabelSource<StyledSample> Labels,
    IReadOnlyList<Unit> Attribution,
    double? Faithfulness,
    double? Completeness,
    IReadOnlyList<Unit>? Validation
) : IUnit<ComparedStyles>
{
    /// <inheritdoc/>
    public static void Compute(ComparedStyles unit, UnitRun run)
    {
        IReadOnlyList<StyledSample> samples = unit.Labels.Labels;
        var compared = StyleComparison.Of(
            [.. samples.Zip(unit.Attribution, (s, fit) => new StyledBeta(s.Style, s.Object, run.Artifacts.Beta(fit)))],
            unit.Styles
        );
        run.Write<StylePairsRow>([.. compared.Pairs.Select(StylePairsRow.Of)]);
        run.Write<StyleRelationRow>([
            .. compared.Relations.Select(r =>
                StyleRelationRow.Of(
                    r.SameObject ? Likeness.Same : Likeness.Another,
                    r.SameStyle ? Likeness.Same : Likeness.Another,
                    r.Cosine
                )
            ),
            StyleRelationRow.Of(Likeness.Difference, Likeness.Difference, compared.ObjectOverStyle),
        ]);
        FitRow[] fits = [.. unit.Attribution.Select(fit => run.Row<FitRow>(fit))];
        IReadOnlyList<NeededRow> needed = unit.Validation is null
            ? []
            : NeededRow.Of(
                run.Artifacts.Scans(unit.Validation),
                [(unit.Faithfulness!.Value, unit.Completeness!.Value)]
            );
        ILookup<string, FitRow> byStyle = samples.Zip(fits).ToLookup(s => s.First.Style, s => s.Second);
        run.Write<StyleMeanRow>([.. unit.Styles.SelectMany(style => Means(style, [.. byStyle[style]], needed))]);
    }

    private static IEnumerable<StyleMeanRow> Means(string style, FitRow[] fits, IReadOnlyList<NeededRow> needed)
    {
        var bootstrap = new Bootstrap();
        var r2 = bootstrap.Of(fits.Select(f => f.R2 ?? double.NaN));
        yield return StyleMeanRow.Of(style, StyleMeanRow.R2, null, r2, 0);
        var rho = bootstrap.Of(fits.Select(f => f.Rho ?? double.NaN));
        yield return StyleMeanRow.Of(style, StyleMeanRow.Rho, null, rho, 0);
        var own = fits.Select(f => f.SampleId).ToHashSet(StringComparer.Ordinal);
        foreach (
            var rows in needed
                .Where(r => own.Contains(r.SampleId))
                .GroupBy(r => (r.Quantity, r.Criterion))
                .OrderBy(g => g.Key.Quantity)
        )
        {
            // Over the seeds of a random order
            double[] bySample = [.. rows.GroupBy(r => r.SampleId).Select(s => s.Average(r => r.Heads ?? double.NaN))];
            bool isFaithfulness = rows.Key.Quantity == ValidationQuantity.Faithfulness;
            yield return StyleMeanRow.Of(
                style,
                isFaithfulness ? StyleMeanRow.Faithfulness : StyleMeanRow.Completeness,
                rows.Key.Criterion,
                bootstrap.Of(bySample),
                bySample.Count(double.IsNaN)
            );
        }
    }
}

/// <summary>How two samples of a pair stand to each other.</summary>
internal enum Likeness
{
    /// <summary>They share it.</summary>
    Same,

    /// <summary>They do not.</summary>
    Another,

    /// <summary>What one relation has more than another.</summary>
    Difference,
}

/// <summary>Cosine of beta over the pairs of samples of two styles.</summary>
/// <param name="Style">Style of one sample of a pair.</param>
/// <param name="OtherStyle">Style of the other.</param>
/// <param name="Object">The two samples show the <c>same</c> object, or <c>another</c>.</param>
/// <param name="Pairs">Pairs of samples.</param>
/// <param name="CosineMean">Mean cosine of beta over the pairs.</param>
/// <param name="CosineSd">Standard deviation over the pairs.</param>
/// <param name="Low95">Lower end of the mean's 95 % interval over samples.</param>
/// <param name="High95">Its upper end.</param>
[Table("styles")]
internal sealed record StylePairsRow(
    [RowKey] string Style,
    [RowKey] string OtherStyle,
    [RowKey] Likeness Object,
    int Pairs,
    double? CosineMean,
    double? CosineSd,
    double? Low95,
    double? High95
)
{
    /// <summary>The row of two styles.</summary>
    public static StylePairsRow Of(StylePairs pairs) =>
        new(
            pairs.Style,
            pairs.OtherStyle,
            pairs.SameObject ? Likeness.Same : Likeness.Another,
            pairs.Cosine.Count,
            Undefined.ToNull(pairs.Cosine.Mean),
            Undefined.ToNull(pairs.Cosine.Deviation),
            Undefined.ToNull(pairs.Cosine.Low),
            Undefined.ToNull(pairs.Cosine.High)
        );

    /// <summary>The two styles of the row.</summary>
    public StylePairs ToPairs() =>
        new(
            Style,
            OtherStyle,
            Object == Likeness.Same,
            new Estimate(
                Undefined.ToNaN(CosineMean),
                Undefined.ToNaN(CosineSd),
                Undefined.ToNaN(Low95),
                Undefined.ToNaN(High95),
                Pairs
            )
        );
}

/// <summary>
/// Cosine of beta over all pairs of samples that stand in a relation, whatever their styles; and by how much the object
/// counts for more than the style.
/// </summary>
/// <param name="Object">Objects of the two samples of a pair: <c>same</c>, <c>another</c>, or <c>difference</c> of the
/// two.</param>
/// <param name="Style">Styles of the two samples of a pair: <c>same</c>, <c>another</c>, or <c>difference</c> of the
/// two.</param>
/// <param name="Pairs">Pairs of samples.</param>
/// <param name="CosineMean">Mean cosine of beta over the pairs.</param>
/// <param name="CosineSd">Standard deviation over the pairs.</param>
/// <param name="Low95">Lower end of the mean's 95 % interval over samples.</param>
/// <param name="High95">Its upper end.</param>
[Table("style_relations")]
internal sealed record StyleRelationRow(
    [RowKey] Likeness Object,
    [RowKey] Likeness Style,
    int Pairs,
    double? CosineMean,
    double? CosineSd,
    double? Low95,
    double? High95
)
{
    /// <summary>The cosine as a value.</summary>
    public Estimate Cosine =>
        new(
            Undefined.ToNaN(CosineMean),
            Undefined.ToNaN(CosineSd),
            Undefined.ToNaN(Low95),
            Undefined.ToNaN(High95),
            Pairs
        );

    /// <summary>The row of a relation.</summary>
    public static StyleRelationRow Of(Likeness @object, Likeness style, Estimate cosine) =>
        new(
            @object,
            style,
            cosine.Count,
            Undefined.ToNull(cosine.Mean),
            Undefined.ToNull(cosine.Deviation),
            Undefined.ToNull(cosine.Low),
            Undefined.ToNull(cosine.High)
        );
}

/// <summary>A mean over the samples of a style.</summary>
/// <param name="Style">The style.</param>
/// <param name="Quantity"><see cref="R2"/>, <see cref="Rho"/>, or heads needed for <see cref="Faithfulness"/> or
/// <see cref="Completeness"/> at the thresholds of the validation.</param>
/// <param name="Criterion">What ranks the heads; null for <see cref="R2"/> and <see cref="Rho"/>.</param>
/// <param name="Samples">Samples in the mean.</param>
/// <param name="Mean">Mean over the samples of the style that have the quantity, in its own unit.</param>
/// <param name="Sd">Standard deviation over them.</param>
/// <param name="Low95">Lower end of the mean's 95 % interval over samples.</param>
/// <param name="High95">Its upper end.</param>
/// <param name="NotReached">Samples whose curve never crosses the threshold: they are not in the mean.</param>
[Table("style_means")]
public sealed record StyleMeanRow(
    [RowKey] string Style,
    [RowKey] string Quantity,
    [RowKey] string? Criterion,
    int Samples,
    double? Mean,
    double? Sd,
    double? Low95,
    double? High95,
    int NotReached
)
{
    /// <summary>The mean as a value.</summary>
    public Estimate Estimate =>
        new(Undefined.ToNaN(Mean), Undefined.ToNaN(Sd), Undefined.ToNaN(Low95), Undefined.ToNaN(High95), Samples);

    /// <summary>The row of a mean.</summary>
    public static StyleMeanRow Of(string style, string quantity, string? criterion, Estimate mean, int notReached) =>
        new(
            style,
            quantity,
            criterion,
            mean.Count,
            Undefined.ToNull(mean.Mean),
            Undefined.ToNull(mean.Deviation),
            Undefined.ToNull(mean.Low),
            Undefined.ToNull(mean.High),
            notReached
        );

    /// <summary>Quantities.</summary>
    public const string R2 = "r2",
        Rho = "rho",
        Faithfulness = "heads_faithfulness",
        Completeness = "heads_completeness";
}
