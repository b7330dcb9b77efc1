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

namespace Pipelines.Stages;

/// <summary>
/// Which tokens carry the image (paper, token tracing), with the heads of x* only. A sample has a unit for its text
/// tokens (delta, u*, weighted attention), shards of passes over image-token masks, which batch and resume like forward
/// passes, and a fit of phi(x*, u*, v).
/// </summary>
[StageOf<TokenTraceSpec>]
public sealed class TokenTrace : Stage
{
    private const int Version = 1;

    /// <summary>
    /// Folder of forward passes under masks of image tokens; its parts are rows of <see cref="ForwardRow"/>.
    /// </summary>
    private const string ImageForward = "image_forward";

    private const string TextFile = "text-tokens.parquet",
        TraceFile = "trace.parquet",
        AttentionFile = "attention.parquet",
        SeenFile = "seen.png";
    private const string MaskFile = "image-masks.parquet",
        ForwardFile = "image-forward.parquet",
        TokenFile = "image-tokens.parquet",
        FitFile = "fit.parquet";

    /// <summary>Longest side of the stored picture: figures show it small.</summary>
    private const int SeenSide = 240;

    private readonly TokenTraceSpec spec;
    private readonly ForwardPasses forward;
    private readonly Regress attribution;
    private readonly Validate validation;
    private readonly Dictionary<string, SampleUnits> units = new(StringComparer.Ordinal);
    private readonly Lazy<TokenRegions> regions;

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
        : base(context)
    {
        (this.spec, this.forward, this.attribution, this.validation) = (spec, forward, attribution, validation);
        regions = new(() => TokenRegions.Read(Context.Info, Context.Image));
        if (spec.Trainer is GradientSpec)
        {
            throw new InputException(
                "token-trace: trainer",
                "gradient stands for gradients of heads; there are none of image tokens.",
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

        if (validation.Spec.Scan == ScanRange.UntilCrossed && validation.StrictestFaithfulness < spec.Faithfulness)
        {
            throw new InputException(
                $"stages.{validation.Name}.scan",
                Invariant.Text(
                    $"the scan stops at a faithfulness of {validation.StrictestFaithfulness}, below the "
                        + $"{spec.Faithfulness} of token-trace."
                ),
                "Raise stages.validation.faithfulness, or scan: full."
            );
        }
    }

    /// <inheritdoc/>
    public override string Kind => "token-trace";

    /// <inheritdoc/>
    public override string WorkUnit => "masks";

    /// <summary>The spec.</summary>
    public TokenTraceSpec Spec => spec;

    /// <summary>Samples that may be expected while they are not known.</summary>
    public int ExpectedSamples => forward.ExpectedSamples;

    /// <summary>Image tokens are attributed for this model.</summary>
    public bool TracesImage =>
        spec.ImageTokens switch
        {
            ImageTokenTrace.Always => true,
            ImageTokenTrace.Never => false,
            _ => Context.Info.Family.TracesImageTokens,
        };

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts) =>
        forward.Accepted(artifacts) is { } samples
            ? new UnitList([.. samples.SelectMany(s => UnitsOf(artifacts, s).All)])
            : new UnitList(
                [],
                $"{forward.Name} is done",
                TracesImage ? (long)forward.ExpectedSamples * spec.Count : forward.ExpectedSamples
            );

    /// <summary>delta of a sample's text tokens, in order.</summary>
    public IReadOnlyList<TextTokenRow> TextTokens(Artifacts artifacts, Sample sample) =>
        Tables.Of<TextTokenRow>().Read(artifacts.File(UnitsOf(artifacts, sample).Text, TextFile));

    /// <summary>x*, u* and what they keep.</summary>
    public TokenTraceRow Trace(Artifacts artifacts, Sample sample) =>
        Tables.Of<TokenTraceRow>().Read(artifacts.File(UnitsOf(artifacts, sample).Text, TraceFile))[0];

    /// <summary>The sample's image tokens, in order; with beta where they are attributed.</summary>
    public IReadOnlyList<ImageTokenRow> ImageTokens(Artifacts artifacts, Sample sample) =>
        Tables
            .Of<ImageTokenRow>()
            .Read(
                UnitsOf(artifacts, sample) is { Fit: { } fit }
                    ? artifacts.File(fit, TokenFile)
                    : artifacts.File(UnitsOf(artifacts, sample).Text, AttentionFile)
            );

    /// <summary>Quality of the fit over image tokens; null where they are not attributed.</summary>
    public TokenFitRow? Fit(Artifacts artifacts, Sample sample) =>
        UnitsOf(artifacts, sample).Fit is { } fit
            ? Tables.Of<TokenFitRow>().Read(artifacts.File(fit, FitFile))[0]
            : null;

    /// <summary>The part of the picture under the tokens' grid as a PNG file; null where there is no grid.</summary>
    public byte[]? Seen(Artifacts artifacts, Sample sample) =>
        Trace(artifacts, sample).GridRows > 0
            ? RegularFile.ReadAllBytes(artifacts.File(UnitsOf(artifacts, sample).Text, SeenFile))
            : null;

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
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        var samples = forward.Accepted(artifacts)!;
        if (ObjectShares(artifacts) is { Count: > 0 } shares)
        {
            PublishTable(folder, shares);
        }

        PublishTable(folder, [.. samples.SelectMany(s => TextTokens(artifacts, s))]);
        PublishTable(folder, [.. samples.Select(s => Trace(artifacts, s))]);
        PublishTable(folder, [.. samples.SelectMany(s => ImageTokens(artifacts, s))]);
        if (!TracesImage)
        {
            return;
        }

        PublishTable(folder, [.. samples.Select(s => Fit(artifacts, s)!)]);
        foreach (Unit shard in samples.SelectMany(s => UnitsOf(artifacts, s).Shards))
        {
            folder.Link(
                $"{PublishedPath(Tables.Of<ImageMaskRow>().Name)}/{FileNames.Part(shard)}",
                artifacts.File(shard, MaskFile)
            );
            folder.Link($"{PublishedPath(ImageForward)}/{FileNames.Part(shard)}", artifacts.File(shard, ForwardFile));
        }
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
            rows.AddRange(NotConverged(Convergence(artifacts)));
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
    public Convergence Convergence(Artifacts artifacts) =>
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
        (int width, int height) = PictureDecoder.ReadSize(sample.Item.FullPath);
        ObjectBox box = sample.Item.Box!;
        IReadOnlyList<PictureRegion?> places = regions.Value.Of(width, height);
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

    private SampleUnits UnitsOf(Artifacts artifacts, Sample sample)
    {
        lock (units)
        {
            if (units.TryGetValue(sample.Id, out SampleUnits? found))
            {
                return found;
            }

            Unit text = CreateText(sample);
            if (!TracesImage)
            {
                return units[sample.Id] = new SampleUnits(text, [], null);
            }

            int imageTokens = forward.Ends(artifacts, sample).ImageTokens;
            Unit[] shards = [.. Ranges().Select(r => CreateShard(sample, text, imageTokens, r.First, r.Count))];
            return units[sample.Id] = new SampleUnits(text, shards, CreateFit(sample, text, shards, imageTokens));
        }
    }

    private IEnumerable<(int First, int Count)> Ranges()
    {
        for (int first = 0; first < spec.Count; first += spec.Shard)
        {
            yield return (first, Math.Min(spec.Shard, spec.Count - first));
        }
    }

    private Unit CreateText(Sample sample) =>
        new(
            Kind,
            Version,
            $"{sample.Id}/text tokens",
            [
                new KeyPart.Text("sample", sample.Id),
                .. forward.PassParts(sample),
                new KeyPart.Inputs("ends", [forward.EndsUnit(sample)]),
                new KeyPart.Inputs("attribution", [attribution.UnitOf(sample)]),
                new KeyPart.Inputs("validation", [validation.UnitOf(sample, Criterion.HeadAttribution)]),
                new KeyPart.Number("faithfulness", spec.Faithfulness),
                new KeyPart.Number("important", spec.Important),
            ],
            1,
            WorkUnit,
            run => TraceText(run, sample)
        );

    /// <summary>delta_i = 1 - phi(x*, u without i, 1) / phi(x*), u*, phi(x*, u*, 1) and w_j.</summary>
    private void TraceText(UnitRun run, Sample sample)
    {
        using var lease = forward.Prepare(run.Artifacts, sample);
        SuffixForward passes = lease.Value.Forward;
        PromptTokens prompt = lease.Value.Prefix.Prompt;
        EndsRow ends = forward.Ends(run.Artifacts, sample);
        byte[] heads = validation.FaithfulHeads(run.Artifacts, sample, Criterion.HeadAttribution, spec.Faithfulness);
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
        byte[] important = HeadMasks.Of(t, Enumerable.Range(0, t).Where(i => delta[i] > spec.Important));
        double kept = ends.Phi(passes.Logits([new AblationMask(heads, important)])[0]);
        run.Cancel.ThrowIfCancellationRequested();

        TokenGrid? grid = Context.Model.GridOf(PictureDecoder.Decode(sample.Item.FullPath));
        Tables
            .Of<TextTokenRow>()
            .Write(
                run.File(TextFile),
                [
                    .. prompt.SuffixIds.Select(
                        (id, i) =>
                            new TextTokenRow(
                                sample.Id,
                                i,
                                id,
                                Context.Model.Tokenizer.TokenText(id),
                                delta[i],
                                HeadMasks.IsIntact(important, i)
                            )
                    ),
                ]
            );
        Tables
            .Of<TokenTraceRow>()
            .Write(
                run.File(TraceFile),
                [
                    new TokenTraceRow(
                        sample.Id,
                        HeadMasks.Intact(heads),
                        phi[0],
                        HeadMasks.Intact(important),
                        kept,
                        kept / phi[0],
                        grid?.Rows ?? 0,
                        grid?.Columns ?? 0,
                        heads
                    ),
                ]
            );
        using IntactRun intact = IntactRun.Compute(lease.Value.Prefix);
        double[] attention = WeightedAttention.Of(
            intact,
            attribution.Beta(run.Artifacts, sample),
            heads,
            delta,
            important
        );
        Tables
            .Of<ImageTokenRow>()
            .Write(
                run.File(AttentionFile),
                [.. attention.Select((w, j) => Token(sample, grid?.Rows ?? 0, grid?.Columns ?? 0, j, w, null))]
            );
        if (grid is not null)
        {
            File.WriteAllBytes(run.File(SeenFile), PngWriter.Encode(Small(grid.Seen)));
        }
    }

    private Unit CreateShard(Sample sample, Unit text, int imageTokens, int first, int count)
    {
        string scope = $"image tokens of {sample.Id}"; // another stream than the sample's head masks
        int seed = Context.Experiment.Seed;
        MaskDraw drawing = spec.Draw;
        double ablate = spec.Ablate;
        return new Unit(
            Kind,
            Version,
            $"{sample.Id}/image masks {first:00000000}-{first + count - 1:00000000}",
            [
                new KeyPart.Text("sample", sample.Id),
                .. forward.PassParts(sample),
                new KeyPart.Inputs("ends", [forward.EndsUnit(sample)]),
                new KeyPart.Inputs("text", [text]),
                new KeyPart.Integer("seed", seed),
                new KeyPart.Integer("image_tokens", imageTokens),
                new KeyPart.Number("ablate", ablate),
                new KeyPart.Text("draw", Spelling.Of(spec.Draw)),
                new KeyPart.Integer("first", first),
                new KeyPart.Integer("count", count),
            ],
            count,
            WorkUnit,
            run =>
            {
                byte[][] masks =
                [
                    .. Enumerable
                        .Range(first, count)
                        .Select(i => HeadMasks.Draw(seed, scope, i, imageTokens, ablate, drawing)),
                ];
                EndsRow ends = forward.Ends(run.Artifacts, sample);
                double[] f = ImageLogits(run, sample, masks);
                MaskPart.WriteImageTokens(run.File(MaskFile), sample.Id, first, masks);
                ForwardPart.Write(run.File(ForwardFile), sample.Id, first, f, [.. f.Select(ends.Phi)]);
            }
        );
    }

    /// <summary>f(x*, u*, v). Text tokens before the first of u* never see the image: they are computed once.</summary>
    private double[] ImageLogits(UnitRun run, Sample sample, byte[][] masks)
    {
        using var lease = forward.Prepare(run.Artifacts, sample);
        byte[] heads = Trace(run.Artifacts, sample).Heads;
        bool[] important = [.. TextTokens(run.Artifacts, sample).Select(r => r.Important)];
        int first = Math.Max(0, Array.IndexOf(important, true)); // of no important token all stay
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

    private Unit CreateFit(Sample sample, Unit text, Unit[] shards, int imageTokens)
    {
        Trainer trainer = Regress.TrainerOf(spec.Trainer);
        int seed = Context.Experiment.Seed;
        double train = spec.Train;
        return new Unit(
            Kind,
            Version,
            $"{sample.Id}/image fit",
            [
                new KeyPart.Text("sample", sample.Id),
                new KeyPart.Text("trainer", trainer.Name),
                .. Regress.TrainerParts(trainer),
                new KeyPart.Number("train", train),
                new KeyPart.Integer("seed", seed),
                new KeyPart.Integer("image_tokens", imageTokens),
                new KeyPart.Inputs("text", [text]),
                new KeyPart.Inputs("passes", shards),
            ],
            1,
            WorkUnit,
            run =>
            {
                HeadFit fit = HeadRegression.Fit(
                    trainer,
                    [.. shards.Select(s => run.Artifacts.File(s, MaskFile))],
                    [.. shards.Select(s => run.Artifacts.File(s, ForwardFile))],
                    imageTokens,
                    seed,
                    train
                );
                var tokens = Tables.Of<ImageTokenRow>().Read(run.Artifacts.File(text, AttentionFile));
                FitRow row = fit.ToFitRow(sample.Id, trainer);
                double rho = Metrics.Pearson(fit.Beta, [.. tokens.Select(r => r.WeightedAttention)]);
                Tables
                    .Of<ImageTokenRow>()
                    .Write(run.File(TokenFile), [.. tokens.Select(r => r with { Beta = fit.Beta[r.Token] + 0.0 })]);
                Tables
                    .Of<TokenFitRow>()
                    .Write(
                        run.File(FitFile),
                        [
                            new TokenFitRow(
                                sample.Id,
                                row.Trainer,
                                row.R2,
                                row.Rho,
                                row.Intercept,
                                row.Iterations,
                                row.Converged,
                                row.TrainRows,
                                row.TestRows,
                                double.IsNaN(rho) ? null : rho
                            ),
                        ]
                    );
            }
        );
    }

    private static ImageTokenRow Token(Sample sample, int rows, int columns, int j, double attention, double? beta) =>
        j < rows * columns
            ? new ImageTokenRow(sample.Id, j, j / columns, j % columns, attention, beta)
            : new ImageTokenRow(sample.Id, j, null, null, attention, beta);

    private static Picture Small(Picture picture)
    {
        double factor = Math.Min(1, (double)SeenSide / Math.Max(picture.Width, picture.Height));
        return PilResize.Resize(
            picture,
            Math.Max(1, (int)Math.Round(factor * picture.Width)),
            Math.Max(1, (int)Math.Round(factor * picture.Height))
        );
    }

    /// <summary>The units of a sample.</summary>
    private sealed record SampleUnits(Unit Text, IReadOnlyList<Unit> Shards, Unit? Fit)
    {
        public IEnumerable<Unit> All => Fit is null ? [Text] : [Text, .. Shards, Fit];
    }
}
