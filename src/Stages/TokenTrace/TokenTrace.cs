using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Vision;
using Pipelines.Spec;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Data;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// Which tokens carry the image (paper, token tracing), with the heads of x* only. A sample has a unit for its text
/// tokens (delta, u*, weighted attention), shards of passes over image-token masks, which batch and resume like forward
/// passes, and a fit of phi(x*, u*, v).
/// </summary>
[StageOf<TokenTraceSpec>]
public sealed class TokenTrace : Stage
{
    /// <summary>
    /// Folder of forward passes under masks of image tokens; its parts are rows of <see cref="ForwardRow"/>.
    /// </summary>
    private const string ImageForward = "image_forward";

    private readonly StageContext context;
    private readonly TokenTraceSpec spec;
    private readonly ForwardPasses forward;
    private readonly Regress attribution;
    private readonly Validate validation;

    /// <summary>
    /// A stage that takes x* from <paramref name="validation"/> and beta from <paramref name="attribution"/>.
    /// </summary>
    /// <exception cref="InputException">The validation does not rank heads by head attribution, or the trainer is none
    /// for image tokens.</exception>
    public TokenTrace(
        StageContext context,
        TokenTraceSpec spec,
        ForwardPasses forward,
        Regress attribution,
        Validate validation
    )
    {
        this.context = context;
        (this.spec, this.forward, this.attribution, this.validation) = (spec, forward, attribution, validation);
        if (spec.Trainer is GradientSpec)
        {
            throw new InputException(
                "token-trace: trainer",
                "gradient stands for gradients of heads; there are none of image tokens.",
                "Use elastic-net, sdca, light-gbm or fast-tree."
            );
        }

        if (spec.Trainer is AutoTrainerSpec)
        {
            throw new InputException(
                "token-trace: trainer",
                "auto chooses by the heads of the model; image tokens are not heads.",
                "Use elastic-net, sdca, light-gbm or fast-tree."
            );
        }

        if (!validation.Spec.Compares(Criterion.HeadAttribution))
        {
            throw new InputException(
                $"stages.{validation.Name}.rank_by",
                "token-trace takes x* from the order of head attribution, which is not compared.",
                $"Add {Spelling.Of(Criterion.HeadAttribution)}."
            );
        }

        if (!validation.FindsCrossingOf(spec.Faithfulness))
        {
            string asked = string.Join(
                ", ",
                validation.Spec.Asked(ValidationQuantity.Faithfulness).Select(t => Invariant.Text($"{t}"))
            );
            throw new InputException(
                $"stages.{validation.Name}.scan",
                Invariant.Text(
                    $"the scan finds where faithfulness exceeds {asked}, not the {spec.Faithfulness} of token-trace."
                ),
                Invariant.Text($"Add {spec.Faithfulness} to stages.{validation.Name}.thresholds, or scan: full.")
            );
        }
    }

    /// <inheritdoc/>
    public override string WorkUnit => "masks";

    /// <summary>The spec.</summary>
    public TokenTraceSpec Spec => spec;

    /// <summary>What a sample that is not known yet counts as, in the stage's measure.</summary>
    public int WorkEach => TracesImage ? spec.Count : 1;

    /// <summary>Image tokens are attributed for this model.</summary>
    public bool TracesImage =>
        spec.ImageTokens switch
        {
            ImageTokenTrace.Always => true,
            ImageTokenTrace.Never => false,
            _ => context.Info.Family.TokenGrid != TokenGridKind.None,
        };

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) =>
        forward.AcceptedSoFar(artifacts).Units(s => UnitsOf(artifacts, s).All, WorkEach);

    /// <summary>delta of a sample's text tokens, in order.</summary>
    public IReadOnlyList<TextTokenRow> TextTokens(Artifacts artifacts, Sample sample) =>
        artifacts.Rows<TextTokenRow>(UnitsOf(artifacts, sample).Text);

    /// <summary>x*, u* and what they keep.</summary>
    public TokenTraceRow Trace(Artifacts artifacts, Sample sample) =>
        artifacts.Row<TokenTraceRow>(UnitsOf(artifacts, sample).Text);

    /// <summary>The sample's image tokens, in order; with beta where they are attributed.</summary>
    public IReadOnlyList<ImageTokenRow> ImageTokens(Artifacts artifacts, Sample sample) =>
        UnitsOf(artifacts, sample) is { Fit: { } fit }
            ? artifacts.Rows<ImageTokenRow>(fit)
            : artifacts.Rows<ImageTokenRow>(UnitsOf(artifacts, sample).Text, TextTrace.AttentionFile);

    /// <summary>Quality of the fit over image tokens; null where they are not attributed.</summary>
    public TokenFitRow? Fit(Artifacts artifacts, Sample sample) =>
        UnitsOf(artifacts, sample).Fit is { } fit ? artifacts.Row<TokenFitRow>(fit) : null;

    /// <summary>The part of the picture under the tokens' grid as a PNG file; null where there is no grid.</summary>
    public byte[]? Seen(Artifacts artifacts, Sample sample) =>
        Trace(artifacts, sample).GridRows > 0
            ? RegularFile.ReadAllBytes(artifacts.File(UnitsOf(artifacts, sample).Text, TextTrace.SeenFile))
            : null;

    /// <summary>
    /// The object's box over what <see cref="Seen"/> shows, in shares of its sides; null where the annotations have
    /// none that fits, or image tokens no place.
    /// </summary>
    public PictureRegion? ObjectSeen(Artifacts artifacts, Sample sample)
    {
        if (sample.Item.Box is not { } box)
        {
            return null;
        }

        (int width, int height) = sample.Item.Location.ReadSize();
        IReadOnlyList<PictureRegion?> places = RegionsOnce(artifacts).Of(width, height);
        IReadOnlyList<ImageTokenRow> tokens = ImageTokens(artifacts, sample);
        if (!box.Fits(width, height) || places.Count != tokens.Count)
        {
            return null;
        }

        PictureRegion[] grid =
        [
            .. tokens.Zip(places).Where(t => t.First.Row is not null).Select(t => t.Second).OfType<PictureRegion>(),
        ];
        return grid.Length == 0
            ? null
            : box.Region.Within(
                new PictureRegion(
                    grid.Min(r => r.Left),
                    grid.Min(r => r.Top),
                    grid.Max(r => r.Right),
                    grid.Max(r => r.Bottom)
                )
            );
    }

    /// <summary>
    /// What lies on the object of the samples whose annotations have a box; empty where the data have none. Computed
    /// from the tables: no unit knows the box.
    /// </summary>
    public IReadOnlyList<ObjectShareRow> ObjectShares(Artifacts artifacts) =>
        [
            .. forward
                .Accepted(artifacts)!
                .Where(s => s.Item.Box is not null)
                .Select(s => ShareOf(artifacts, s))
                .OfType<ObjectShareRow>(),
        ];

    /// <summary>The boxes.</summary>
    public override string PublishedFacts(Artifacts artifacts) =>
        string.Join(
            '\n',
            (forward.Accepted(artifacts) ?? [])
                .Where(s => s.Item.Box is not null)
                .Select(s => Invariant.Text($"{s.Id} {s.Item.Box}"))
        );

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts)
    {
        IReadOnlyList<Sample> samples = forward.Accepted(artifacts)!;
        if (ObjectShares(artifacts) is { Count: > 0 } shares)
        {
            yield return new PublishedTable<ObjectShareRow>(() => shares);
        }

        yield return new PublishedTable<TextTokenRow>(() => [.. samples.SelectMany(s => TextTokens(artifacts, s))]);
        yield return new PublishedTable<TokenTraceRow>(() => [.. samples.Select(s => Trace(artifacts, s))]);
        yield return new PublishedTable<ImageTokenRow>(() => [.. samples.SelectMany(s => ImageTokens(artifacts, s))]);
        yield return PublishedParts.ThatFiguresRead<HeadAttentionRow>(
            artifacts,
            samples.Select(s => UnitsOf(artifacts, s).Heads)
        );
        if (!TracesImage)
        {
            yield break;
        }

        yield return new PublishedTable<TokenFitRow>(() => [.. samples.Select(s => Fit(artifacts, s)!)]);
        Unit[] shards = [.. samples.SelectMany(s => UnitsOf(artifacts, s).Shards)];
        yield return PublishedParts.Of<ImageMaskRow>(artifacts, shards);
        yield return new PublishedParts(
            ImageForward,
            typeof(ForwardRow),
            artifacts,
            ImageTokenPasses.ForwardFile,
            shards
        );
    }

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        var samples = forward.Accepted(artifacts)!;
        var traces = samples.Select(s => Trace(artifacts, s)).ToList();
        string important = Format.MeanHeads(Metrics.Mean([.. traces.Select(t => (double)t.TokensKept)]));
        var rows = new List<SummaryRow>
        {
            new(
                $"{Name}: text tokens",
                $"{important} important on average; they alone keep "
                    + $"{Format.Percent(Metrics.Mean([.. traces.Select(t => t.LogitKept)]))} of phi(x*)"
            ),
        };
        if (TracesImage)
        {
            rows.Add(new($"{Name}: image tokens", $"beta against weighted attention: {Agreement(artifacts, samples)}"));
            rows.AddRange(NotConverged(artifacts));
        }

        return rows;
    }

    /// <summary>
    /// The correlation that the report holds against the paper's, over the tokens of all samples, and the mean of those
    /// within a sample: they may lie far apart, so each is named.
    /// </summary>
    private string Agreement(Artifacts artifacts, IReadOnlyList<Sample> samples)
    {
        double[] within = [.. samples.Select(s => Fit(artifacts, s)!.RhoAttention).OfType<double>()];
        ImageTokenRow[] tokens = [.. samples.SelectMany(s => ImageTokens(artifacts, s)).Where(t => t.Beta is not null)];
        double pooled = Metrics.Pearson(
            [.. tokens.Select(t => t.Beta!.Value)],
            [.. tokens.Select(t => t.WeightedAttention)]
        );
        return within.Length == 0 || !double.IsFinite(pooled)
            ? "undefined"
            : $"rho {Format.Score(pooled)} over the tokens of all samples, {Format.Score(Metrics.Mean(within))} within "
                + $"a sample on average (n = {Format.Count(within.Length)})";
    }

    /// <summary>
    /// Whether the fits over image tokens met their stopping rule; none where image tokens are not attributed.
    /// </summary>
    public override Convergence Convergence(Artifacts artifacts) =>
        Reporting.Convergence.Of(
            $"{Name}, image tokens",
            forward
                .Accepted(artifacts)!
                .Select(s => Fit(artifacts, s))
                .OfType<TokenFitRow>()
                .Select(f => (f.Iterations, f.Converged))
        );

    private ObjectShareRow? ShareOf(Artifacts artifacts, Sample sample)
    {
        (int width, int height) = sample.Item.Location.ReadSize();
        ObjectBox box = sample.Item.Box!;
        IReadOnlyList<PictureRegion?> places = RegionsOnce(artifacts).Of(width, height);
        var tokens = ImageTokens(artifacts, sample);
        if (!box.Fits(width, height) || places.Count != tokens.Count)
        {
            return null;
        }

        double[] beta = [.. tokens.Select(t => t.Beta).OfType<double>()];
        return
            ObjectShare.Of(
                places,
                box.Region,
                beta.Length == tokens.Count ? beta : [],
                [.. tokens.Select(t => t.WeightedAttention)]
            )
                is { } share
            ? new ObjectShareRow(sample.Id, share.Area, share.Beta, share.Attention)
            : null;
    }

    private TokenRegions RegionsOnce(Artifacts artifacts) =>
        artifacts.Once(this, nameof(TokenRegions), "", () => TokenRegions.Read(context.Info, context.Image));

    private SampleUnits UnitsOf(Artifacts artifacts, Sample sample) =>
        artifacts.Once(this, nameof(UnitsOf), sample.Id, () => Create(artifacts, sample));

    private SampleUnits Create(Artifacts artifacts, Sample sample)
    {
        SamplePasses passes = forward.PassesOver(artifacts, sample);
        Unit ends = forward.EndsUnit(artifacts, sample);
        Unit text = Unit.Of(
            $"{sample.Id}/text tokens",
            new TextTrace(
                passes,
                ends,
                attribution.UnitOf(artifacts, sample),
                validation.UnitOf(artifacts, sample, Criterion.HeadAttribution),
                spec.Faithfulness,
                spec.Important,
                context.Info.Family.TokenGrid is TokenGridKind.Whole or TokenGridKind.Tiles
                    ? context.Info.Family.TokenGrid
                    : null
            )
        );
        var heads = Unit.Of($"{sample.Id}/heads", new HeadAttention(passes, text));
        if (!TracesImage)
        {
            return new SampleUnits(text, heads, [], null);
        }

        int seed = context.Experiment.Seed,
            imageTokens = forward.Ends(artifacts, sample).ImageTokens;
        Unit[] shards =
        [
            .. ShardRange
                .Of(spec.Count, spec.Shard)
                .Select(r =>
                    Unit.Of(
                        $"{sample.Id}/image {r.Name}",
                        new ImageTokenPasses(
                            passes,
                            ends,
                            text,
                            seed,
                            imageTokens,
                            spec.Ablate,
                            spec.Draw,
                            r.First,
                            r.Count
                        ),
                        r.Count
                    )
                ),
        ];
        TrainerSettings trainer = TrainerSettings.Of(spec.Trainer);
        Unit fit = Unit.Of(
            $"{sample.Id}/image fit",
            new ImageTokenFit(sample.Id, trainer, spec.Train, seed, imageTokens, text, shards)
        );
        return new SampleUnits(text, heads, shards, fit);
    }

    /// <summary>The units of a sample.</summary>
    private sealed record SampleUnits(Unit Text, Unit Heads, IReadOnlyList<Unit> Shards, Unit? Fit)
    {
        public IEnumerable<Unit> All => Fit is null ? [Text, Heads] : [Text, Heads, .. Shards, Fit];
    }
}

/// <summary>
/// What a sample's text tokens carry: delta_i = 1 - phi(x*, u without i, 1) / phi(x*), u*, phi(x*, u*, 1) and w_j.
/// </summary>
/// <param name="Passes">The sample.</param>
/// <param name="Ends">f(1) and f(0).</param>
/// <param name="Attribution">Its beta.</param>
/// <param name="Validation">The curves by head attribution, from which x* comes.</param>
/// <param name="Faithfulness">Which x* exceeds.</param>
/// <param name="Important">Which delta exceeds in u*.</param>
/// <param name="Grid">Which image tokens lie as a grid; null where none or the first do, as the first version had
/// it.</param>
[UnitKind("token-trace", 1, "masks")]
internal sealed record TextTrace(
    SamplePasses Passes,
    Unit Ends,
    Unit Attribution,
    Unit Validation,
    double Faithfulness,
    double Important,
    TokenGridKind? Grid
) : IUnit<TextTrace>
{
    /// <summary>Weighted attention of the image tokens; its rows have no beta yet.</summary>
    public const string AttentionFile = "attention.parquet";

    /// <summary>The part of the picture under the tokens' grid.</summary>
    public const string SeenFile = "seen.png";

    /// <summary>Longest side of the stored picture: figures show it small.</summary>
    private const int SeenSide = 240;

    /// <inheritdoc/>
    public static void Compute(TextTrace unit, UnitRun run)
    {
        using var lease = unit.Passes.Prepare(run);
        SuffixForward passes = lease.Value.Forward;
        PromptTokens prompt = lease.Value.Prefix.Prompt;
        EndsRow ends = run.Row<EndsRow>(unit.Ends);
        string sample = unit.Passes.Prefix.Sample;
        byte[] heads = Validate.FaithfulHeads(run.Artifacts, unit.Validation, unit.Faithfulness);
        int t = prompt.SuffixLength;
        double[] phi =
        [
            .. passes
                .Logits([
                    new AblationMask(heads),
                    .. Enumerable.Range(0, t).Select(i => new AblationMask(heads, HeadMasks.Without(t, i))),
                ])
                .Select(ends.Phi),
        ];
        double[] delta = [.. phi.Skip(1).Select(p => 1 - (p / phi[0]))];
        byte[] important = HeadMasks.Of(t, Enumerable.Range(0, t).Where(i => delta[i] > unit.Important));
        double kept = ends.Phi(passes.Logits([new AblationMask(heads, important)])[0]);
        run.Cancel.ThrowIfCancellationRequested();

        VisionLanguageModel model = unit.Passes.Prefix.Model.Load();
        TokenGrid? grid = model.GridOf(unit.Passes.Prefix.Picture.Location.Decode());
        run.Write<TextTokenRow>([
            .. prompt.SuffixIds.Select(
                (id, i) =>
                    new TextTokenRow(
                        sample,
                        i,
                        id,
                        model.Tokenizer.TokenText(id),
                        delta[i],
                        HeadMasks.IsIntact(important, i)
                    )
            ),
        ]);
        run.Write<TokenTraceRow>([
            new TokenTraceRow(
                sample,
                HeadMasks.Intact(heads),
                phi[0],
                HeadMasks.Intact(important),
                kept,
                kept / phi[0],
                grid?.Rows ?? 0,
                grid?.Columns ?? 0,
                heads
            ),
        ]);
        using IntactRun intact = IntactRun.Compute(lease.Value.Prefix);
        double[] beta = run.Artifacts.Beta(unit.Attribution);
        double[] attention = WeightedAttention.Of(intact, beta, heads, delta, important);
        run.Write<ImageTokenRow>([.. attention.Select((w, j) => Token(sample, grid, j, w))], AttentionFile);
        if (grid is not null)
        {
            File.WriteAllBytes(run.File(SeenFile), PngWriter.Encode(PagePicture.Fitted(grid.Seen, SeenSide)));
        }
    }

    private static ImageTokenRow Token(string sample, TokenGrid? grid, int j, double attention) =>
        grid?.CellOf(j) is { } cell
            ? new ImageTokenRow(sample, j, cell.Row, cell.Column, attention, null)
            : new ImageTokenRow(sample, j, null, null, attention, null);
}

/// <summary>f(x*, u*, v) of a sample over a fixed range of masks of image tokens.</summary>
/// <param name="Passes">The sample.</param>
/// <param name="Ends">f(1) and f(0).</param>
/// <param name="Text">x* and u*.</param>
/// <param name="Seed">Seed of the masks.</param>
/// <param name="ImageTokens">P.</param>
/// <param name="Ablate">Share of the image tokens ablated.</param>
/// <param name="Draw">How masks are drawn.</param>
/// <param name="First">Index of the first mask.</param>
/// <param name="Count">So many.</param>
[UnitKind("token-trace", 1, "masks")]
internal sealed record ImageTokenPasses(
    SamplePasses Passes,
    Unit Ends,
    Unit Text,
    int Seed,
    int ImageTokens,
    double Ablate,
    MaskDraw Draw,
    int First,
    int Count
) : IUnit<ImageTokenPasses>
{
    /// <summary>The passes: rows of <see cref="ForwardRow"/>.</summary>
    public const string ForwardFile = "image-forward.parquet";

    /// <inheritdoc/>
    public static void Compute(ImageTokenPasses unit, UnitRun run)
    {
        string sample = unit.Passes.Prefix.Sample,
            scope = $"image tokens of {sample}"; // another stream than the sample's head masks
        byte[][] masks = new MaskDrawing(unit.Seed, scope, unit.ImageTokens, unit.Ablate, unit.Draw).Masks(
            unit.First,
            unit.Count
        );
        EndsRow ends = run.Row<EndsRow>(unit.Ends);
        double[] f = unit.Logits(run, masks);
        MaskPart.WriteImageTokens(run.File(Tables.Of<ImageMaskRow>().FileName), sample, unit.First, masks);
        ForwardPart.Write(run.File(ForwardFile), sample, unit.First, f, [.. f.Select(ends.Phi)]);
    }

    /// <summary>f(x*, u*, v). Text tokens before the first of u* never see the image: they are computed once.</summary>
    private double[] Logits(UnitRun run, byte[][] masks)
    {
        using var lease = Passes.Prepare(run);
        byte[] heads = run.Row<TokenTraceRow>(Text).Heads;
        bool[] important = [.. run.Rows<TextTokenRow>(Text).Select(r => r.Important)];
        int first = Math.Max(0, Array.IndexOf(important, true)); // of no important token all stay
        first = Math.Min(first, lease.Value.Forward.MovableTokens);
        byte[] text = HeadMasks.Of(
            important.Length - first,
            Enumerable.Range(0, important.Length - first).Where(i => important[first + i])
        );
        using SuffixForward passes = lease.Value.Forward.After(first);
        var f = new List<double>(masks.Length);
        foreach (byte[][] batch in masks.Chunk(passes.Batch))
        {
            run.Cancel.ThrowIfCancellationRequested();
            f.AddRange(passes.Logits([.. batch.Select(v => new AblationMask(heads, text, v))]));
            run.Advance(batch.Length);
        }

        return [.. f];
    }
}

/// <summary>beta of a sample's image tokens.</summary>
/// <param name="Sample">The sample.</param>
/// <param name="Trainer">How beta is fitted.</param>
/// <param name="Train">Share of the masks that train; the others test.</param>
/// <param name="Seed">Of the split.</param>
/// <param name="ImageTokens">P.</param>
/// <param name="Text">Weighted attention of the tokens.</param>
/// <param name="Passes">Masks and passes, in order.</param>
[UnitKind("token-trace", 1, "masks")]
internal sealed record ImageTokenFit(
    string Sample,
    TrainerSettings Trainer,
    double Train,
    int Seed,
    int ImageTokens,
    Unit Text,
    IReadOnlyList<Unit> Passes
) : IUnit<ImageTokenFit>
{
    /// <inheritdoc/>
    public static void Compute(ImageTokenFit unit, UnitRun run)
    {
        Trainer trainer = unit.Trainer.ToTrainer();
        HeadFit fit = HeadRegression.Fit(
            trainer,
            [.. unit.Passes.Select(run.Artifacts.File<ImageMaskRow>)],
            [.. unit.Passes.Select(s => run.Artifacts.File(s, ImageTokenPasses.ForwardFile))],
            unit.ImageTokens,
            unit.Seed,
            unit.Train
        );
        var tokens = run.Rows<ImageTokenRow>(unit.Text, TextTrace.AttentionFile);
        FitRow row = fit.ToFitRow(unit.Sample, trainer);
        double rho = Metrics.Pearson(fit.Beta, [.. tokens.Select(r => r.WeightedAttention)]);
        run.Write<ImageTokenRow>([.. tokens.Select(r => r with { Beta = fit.Beta[r.Token] + 0.0 })]);
        run.Write<TokenFitRow>([
            new TokenFitRow(
                unit.Sample,
                row.Trainer,
                row.R2,
                row.Rho,
                row.Intercept,
                row.Iterations,
                row.Converged,
                row.TrainRows,
                row.TestRows,
                Undefined.ToNull(rho)
            ),
        ]);
    }
}
