namespace Pipelines.Stages.Storage;

/// <summary>
/// The tables of a run. Small ones are one file; masks and forward are folders of part files, also written and read
/// column-wise by <see cref="MaskPart"/> and <see cref="ForwardPart"/>.
/// </summary>
internal static class Tables
{
    /// <summary>Pictures asked about.</summary>
    public static Table<SampleRow> Samples { get; } =
        new(
            "samples",
            [
                new TextColumn<SampleRow>("sample_id", r => r.SampleId),
                new TextColumn<SampleRow>("file", r => r.File),
                new OptionalTextColumn<SampleRow>("category", r => r.Category),
                new TextColumn<SampleRow>("question", r => r.Question),
                new TextColumn<SampleRow>("answer", r => r.Answer),
                new OptionalTextColumn<SampleRow>("verdict", r => r.Verdict),
                new OptionalTextColumn<SampleRow>("given_tokens", r => r.GivenTokens),
                new OptionalTextColumn<SampleRow>("given", r => r.Given),
                new OptionalNumberColumn<SampleRow, int>("target_token", r => r.TargetToken),
                new OptionalTextColumn<SampleRow>("target", r => r.Target),
                new OptionalNumberColumn<SampleRow, double>("f_intact", r => r.FIntact),
                new OptionalNumberColumn<SampleRow, double>("f_ablated", r => r.FAblated),
                new TextColumn<SampleRow>("status", r => r.Status),
                new OptionalTextColumn<SampleRow>("reason", r => r.Reason),
            ],
            (v, i) =>
                new SampleRow(
                    v.Of<string>(0)[i],
                    v.Of<string>(1)[i],
                    v.Of<string?>(2)[i],
                    v.Of<string>(3)[i],
                    v.Of<string>(4)[i],
                    v.Of<string?>(5)[i],
                    v.Of<string>(12)[i],
                    v.Of<string?>(13)[i]
                )
                {
                    GivenTokens = v.Of<string?>(6)[i],
                    Given = v.Of<string?>(7)[i],
                    TargetToken = v.Of<int?>(8)[i],
                    Target = v.Of<string?>(9)[i],
                    FIntact = v.Of<double?>(10)[i],
                    FAblated = v.Of<double?>(11)[i],
                }
        );

    /// <summary>Pictures of the baseline, and those left out before the last of them.</summary>
    public static Table<BaselineRow> Baseline { get; } =
        new(
            "baseline",
            [
                new OptionalNumberColumn<BaselineRow, int>("position", r => r.Position),
                new TextColumn<BaselineRow>("file", r => r.File),
                new OptionalTextColumn<BaselineRow>("reason", r => r.Reason),
            ],
            (v, i) => new BaselineRow(v.Of<int?>(0)[i], v.Of<string>(1)[i], v.Of<string?>(2)[i])
        );

    /// <summary>Head masks.</summary>
    public static Table<MaskRow> Masks { get; } =
        new(
            "masks",
            [
                new TextColumn<MaskRow>("sample_id", r => r.SampleId),
                new NumberColumn<MaskRow, int>("mask_index", r => r.MaskIndex),
                new BytesColumn<MaskRow>("heads", r => r.Heads),
            ],
            (v, i) => new MaskRow(v.Of<string>(0)[i], v.Of<int>(1)[i], v.Of<byte[]>(2)[i])
        );

    /// <summary>Forward passes.</summary>
    public static Table<ForwardRow> Forward { get; } =
        new(
            "forward",
            [
                new TextColumn<ForwardRow>("sample_id", r => r.SampleId),
                new NumberColumn<ForwardRow, int>("mask_index", r => r.MaskIndex),
                new NumberColumn<ForwardRow, double>("f", r => r.F),
                new NumberColumn<ForwardRow, double>("phi", r => r.Phi),
            ],
            (v, i) => new ForwardRow(v.Of<string>(0)[i], v.Of<int>(1)[i], v.Of<double>(2)[i], v.Of<double>(3)[i])
        );

    /// <summary>beta of every head.</summary>
    public static Table<AttributionRow> Attribution { get; } =
        new(
            "attribution",
            [
                new TextColumn<AttributionRow>("sample_id", r => r.SampleId),
                new NumberColumn<AttributionRow, int>("layer", r => r.Layer),
                new NumberColumn<AttributionRow, int>("head", r => r.Head),
                new NumberColumn<AttributionRow, double>("beta", r => r.Beta),
            ],
            (v, i) => new AttributionRow(v.Of<string>(0)[i], v.Of<int>(1)[i], v.Of<int>(2)[i], v.Of<double>(3)[i])
        );

    /// <summary>Quality of the fits.</summary>
    public static Table<FitRow> Fits { get; } =
        new(
            "fits",
            [
                new TextColumn<FitRow>("sample_id", r => r.SampleId),
                new TextColumn<FitRow>("trainer", r => r.Trainer),
                new OptionalNumberColumn<FitRow, double>("r2", r => r.R2),
                new OptionalNumberColumn<FitRow, double>("rho", r => r.Rho),
                new OptionalNumberColumn<FitRow, double>("mae", r => r.Mae),
                new OptionalNumberColumn<FitRow, double>("rmse", r => r.Rmse),
                new OptionalNumberColumn<FitRow, double>("intercept", r => r.Intercept),
                new NumberColumn<FitRow, int>("iterations", r => r.Iterations),
                new OptionalNumberColumn<FitRow, double>("dual_gap", r => r.DualGap),
                new NumberColumn<FitRow, bool>("converged", r => r.Converged),
                new NumberColumn<FitRow, int>("train_rows", r => r.TrainRows),
                new NumberColumn<FitRow, int>("test_rows", r => r.TestRows),
            ],
            (v, i) =>
                new FitRow(
                    v.Of<string>(0)[i],
                    v.Of<string>(1)[i],
                    v.Of<double?>(2)[i],
                    v.Of<double?>(3)[i],
                    v.Of<double?>(4)[i],
                    v.Of<double?>(5)[i],
                    v.Of<double?>(6)[i],
                    v.Of<int>(7)[i],
                    v.Of<double?>(8)[i],
                    v.Of<bool>(9)[i],
                    v.Of<int>(10)[i],
                    v.Of<int>(11)[i]
                )
        );

    /// <summary>Held-out masks, true and predicted.</summary>
    public static Table<PredictionRow> Predictions { get; } =
        new(
            "predictions",
            [
                new TextColumn<PredictionRow>("sample_id", r => r.SampleId),
                new NumberColumn<PredictionRow, int>("mask_index", r => r.MaskIndex),
                new NumberColumn<PredictionRow, double>("phi", r => r.Phi),
                new NumberColumn<PredictionRow, double>("predicted", r => r.Predicted),
            ],
            (v, i) => new PredictionRow(v.Of<string>(0)[i], v.Of<int>(1)[i], v.Of<double>(2)[i], v.Of<double>(3)[i])
        );

    /// <summary>Validation curves.</summary>
    public static Table<ValidationRow> Validation { get; } =
        new(
            "validation",
            [
                new TextColumn<ValidationRow>("sample_id", r => r.SampleId),
                new TextColumn<ValidationRow>("criterion", r => r.Criterion),
                new NumberColumn<ValidationRow, int>("seed", r => r.Seed),
                new NumberColumn<ValidationRow, int>("k", r => r.K),
                new NumberColumn<ValidationRow, double>("faithfulness", r => r.Faithfulness),
                new NumberColumn<ValidationRow, double>("completeness", r => r.Completeness),
            ],
            (v, i) =>
                new ValidationRow(
                    v.Of<string>(0)[i],
                    v.Of<string>(1)[i],
                    v.Of<int>(2)[i],
                    v.Of<int>(3)[i],
                    v.Of<double>(4)[i],
                    v.Of<double>(5)[i]
                )
        );
}
