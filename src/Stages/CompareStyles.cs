using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// Compares styles, DomainNet's domains (paper, Fig. 9): how alike beta is between them for the same object and for
/// another, how well the regression fits in each, and how many heads each needs. One unit, a pure function of beta,
/// fits, curves and the pictures' folders.
/// </summary>
internal sealed class CompareStyles(
    StageContext context,
    ForwardPasses forward,
    Regress attribution,
    Validate? validation
) : Stage(context)
{
    private const int Version = 1;
    private const string PairsFile = "styles.parquet",
        RelationsFile = "style-relations.parquet",
        MeansFile = "style-means.parquet";
    private const string Same = "same",
        Another = "another",
        Difference = "difference";

    private static readonly Table<RelationRow> Relations = new(
        RelationsTable,
        [
            new TextColumn<RelationRow>("object", r => r.Object),
            new TextColumn<RelationRow>("style", r => r.Style),
            .. EstimateColumns<RelationRow>("pairs", "cosine_mean", "cosine_sd", r => r.Cosine),
        ],
        (v, i) => new RelationRow(v.Of<string>(0)[i], v.Of<string>(1)[i], EstimateAt(v, 2, i))
    );

    private Unit? unit;

    /// <summary>
    /// Name of the table beside <see cref="Pairs"/> and <see cref="Means"/>: all pairs of a relation, whatever their
    /// styles; and by how much the object counts for more than the style.
    /// </summary>
    public const string RelationsTable = "style_relations";

    /// <summary>Cosine of beta by pair of styles and relation of the objects.</summary>
    public static Table<StylePairs> Pairs { get; } =
        new(
            "styles",
            [
                new TextColumn<StylePairs>("style", r => r.Style),
                new TextColumn<StylePairs>("other_style", r => r.OtherStyle),
                new TextColumn<StylePairs>("object", r => r.SameObject ? Same : Another),
                .. EstimateColumns<StylePairs>("pairs", "cosine_mean", "cosine_sd", r => r.Cosine),
            ],
            (v, i) =>
                new StylePairs(v.Of<string>(0)[i], v.Of<string>(1)[i], v.Of<string>(2)[i] == Same, EstimateAt(v, 3, i))
        );

    /// <summary>R^2, rho and heads needed by style.</summary>
    public static Table<StyleMeanRow> Means { get; } =
        new(
            "style_means",
            [
                new TextColumn<StyleMeanRow>("style", r => r.Style),
                new TextColumn<StyleMeanRow>("quantity", r => r.Quantity),
                new OptionalTextColumn<StyleMeanRow>("criterion", r => r.Criterion),
                .. EstimateColumns<StyleMeanRow>("samples", "mean", "sd", r => r.Mean),
                new NumberColumn<StyleMeanRow, int>("not_reached", r => r.NotReached),
            ],
            (v, i) =>
                new StyleMeanRow(
                    v.Of<string>(0)[i],
                    v.Of<string>(1)[i],
                    v.Of<string?>(2)[i],
                    EstimateAt(v, 3, i),
                    v.Of<int>(8)[i]
                )
        );

    /// <inheritdoc/>
    public override string Kind => "compare-styles";

    /// <inheritdoc/>
    public override string WorkUnit => "comparisons";

    /// <summary>The styles in the order of the spec.</summary>
    // Any other data is refused by the spec's reader
    public IReadOnlyList<string> Styles => ((DomainNetData)Context.Experiment.Data).Domains;

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) =>
        forward.Accepted(artifacts) is { } samples
            ? new UnitList([unit ??= Create(samples, validation?.Units(artifacts).Known ?? [])])
            : new UnitList([], $"{forward.Name} is done", 1);

    /// <summary>Cosine of beta by styles and objects.</summary>
    public StyleComparison Cosines(Artifacts artifacts)
    {
        Unit known = Units(artifacts).Known[0];
        IReadOnlyList<RelationRow> relations = Relations.Read(artifacts.File(known, RelationsFile));
        return new StyleComparison(
            Pairs.Read(artifacts.File(known, PairsFile)),
            [
                .. relations
                    .Where(r => r.Object != Difference)
                    .Select(r => new StyleRelation(r.Object == Same, r.Style == Same, r.Cosine)),
            ],
            relations.Single(r => r.Object == Difference).Cosine
        );
    }

    /// <summary>R^2, rho and heads needed by style.</summary>
    public IReadOnlyList<StyleMeanRow> MeanRows(Artifacts artifacts) =>
        Means.Read(artifacts.File(Units(artifacts).Known[0], MeansFile));

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        Unit known = Units(artifacts).Known[0];
        PublishTable(folder, Pairs, Pairs.Read(artifacts.File(known, PairsFile)));
        PublishTable(folder, Relations, Relations.Read(artifacts.File(known, RelationsFile)));
        PublishTable(folder, Means, MeanRows(artifacts));
    }

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

    private Unit Create(IReadOnlyList<Sample> samples, IReadOnlyList<Unit> curves)
    {
        string labels = string.Join('\n', samples.Select(s => $"{s.Id}\t{s.Item.Domain}\t{s.Item.Category}"));
        KeyPart[] judged = validation is null
            ? []
            :
            [
                new KeyPart.Number("faithfulness", validation.Spec.Faithfulness),
                new KeyPart.Number("completeness", validation.Spec.Completeness),
                new KeyPart.Inputs("validation", curves),
            ];
        return new Unit(
            Kind,
            Version,
            $"{samples.Count} samples",
            [
                new KeyPart.Text("styles", string.Join('\n', Styles)),
                new KeyPart.Digest("labels", $"{samples.Count} samples", FileDigests.OfText(labels))
                {
                    Files = Context.LabelFiles,
                },
                new KeyPart.Inputs("attribution", [.. samples.Select(attribution.UnitOf)]),
                .. judged,
            ],
            1,
            WorkUnit,
            run =>
            {
                var compared = StyleComparison.Of(
                    [
                        .. samples.Select(s => new StyledBeta(
                            s.Item.Domain!,
                            s.Item.Category!,
                            attribution.Beta(run.Artifacts, s)
                        )),
                    ],
                    Styles
                );
                Pairs.Write(run.File(PairsFile), compared.Pairs);
                Relations.Write(
                    run.File(RelationsFile),
                    [
                        .. compared.Relations.Select(r => new RelationRow(
                            r.SameObject ? Same : Another,
                            r.SameStyle ? Same : Another,
                            r.Cosine
                        )),
                        new RelationRow(Difference, Difference, compared.ObjectOverStyle),
                    ]
                );
                IReadOnlyList<NeededRow> needed =
                    validation?.HeadsNeeded(
                        run.Artifacts,
                        [(validation.Spec.Faithfulness, validation.Spec.Completeness)]
                    ) ?? [];
                Means.Write(
                    run.File(MeansFile),
                    [
                        .. Styles.SelectMany(style =>
                            MeansOf(run.Artifacts, style, [.. samples.Where(s => s.Item.Domain == style)], needed)
                        ),
                    ]
                );
            }
        );
    }

    private IEnumerable<StyleMeanRow> MeansOf(
        Artifacts artifacts,
        string style,
        Sample[] samples,
        IReadOnlyList<NeededRow> needed
    )
    {
        var bootstrap = new Bootstrap();
        FitRow[] fits = [.. samples.Select(s => attribution.Fit(artifacts, s))];
        yield return new StyleMeanRow(
            style,
            StyleMeanRow.R2,
            null,
            bootstrap.Of(fits.Select(f => f.R2 ?? double.NaN)),
            0
        );
        yield return new StyleMeanRow(
            style,
            StyleMeanRow.Rho,
            null,
            bootstrap.Of(fits.Select(f => f.Rho ?? double.NaN)),
            0
        );
        var own = samples.Select(s => s.Id).ToHashSet(StringComparer.Ordinal);
        foreach (
            var rows in needed
                .Where(r => own.Contains(r.SampleId))
                .GroupBy(r => (r.OfFaithfulness, r.Criterion))
                .OrderByDescending(g => g.Key.OfFaithfulness)
        )
        {
            // Over the seeds of a random order
            double[] bySample = [.. rows.GroupBy(r => r.SampleId).Select(s => s.Average(r => r.Heads ?? double.NaN))];
            yield return new StyleMeanRow(
                style,
                rows.Key.OfFaithfulness ? StyleMeanRow.Faithfulness : StyleMeanRow.Completeness,
                rows.Key.Criterion,
                bootstrap.Of(bySample),
                bySample.Count(double.IsNaN)
            );
        }
    }

    private static TableColumn<TRow>[] EstimateColumns<TRow>(
        string count,
        string mean,
        string deviation,
        Func<TRow, Estimate> of
    )
    {
        double? Known(double value) => double.IsFinite(value) ? value : null;
        return
        [
            new NumberColumn<TRow, int>(count, r => of(r).Count),
            new OptionalNumberColumn<TRow, double>(mean, r => Known(of(r).Mean)),
            new OptionalNumberColumn<TRow, double>(deviation, r => Known(of(r).Deviation)),
            new OptionalNumberColumn<TRow, double>("low95", r => Known(of(r).Low)),
            new OptionalNumberColumn<TRow, double>("high95", r => Known(of(r).High)),
        ];
    }

    private static Estimate EstimateAt(TableValues values, int first, int row)
    {
        double Known(int column) => values.Of<double?>(first + column)[row] ?? double.NaN;
        return new Estimate(Known(1), Known(2), Known(3), Known(4), values.Of<int>(first)[row]);
    }

    private sealed record RelationRow(string Object, string Style, Estimate Cosine);
}

/// <summary>A mean over the samples of a style.</summary>
/// <param name="Style">The style.</param>
/// <param name="Quantity"><see cref="R2"/>, <see cref="Rho"/>, or heads needed for <see cref="Faithfulness"/> or
/// <see cref="Completeness"/> at the thresholds of the validation.</param>
/// <param name="Criterion">What ranks the heads; null for <see cref="R2"/> and <see cref="Rho"/>.</param>
/// <param name="Mean">Over the samples that have the quantity.</param>
/// <param name="NotReached">Samples whose curve never crosses the threshold: they are not in the mean.</param>
internal sealed record StyleMeanRow(string Style, string Quantity, string? Criterion, Estimate Mean, int NotReached)
{
    /// <summary>Quantities.</summary>
    public const string R2 = "r2",
        Rho = "rho",
        Faithfulness = "heads_faithfulness",
        Completeness = "heads_completeness";
}
