using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Spec;
using Pipelines.Spec.Writing;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>Writes the page and the figures from what the other stages found.</summary>
[StageOf<ReportSpec>]
public sealed class WriteReport(StageContext context, IReadOnlyDictionary<string, Stage> inputs) : Stage
{
    /// <summary>Pictures shown on the page: more would make it too heavy to pass on.</summary>
    private const int ShownPictures = 24;

    private readonly ReportSources sources = new(inputs);

    /// <inheritdoc/>
    public override string WorkUnit => "pages";

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts)
    {
        IReadOnlyList<Stage> shown = sources.Known;
        var lists = shown.Select(s => s.Units(artifacts)).ToList();
        if (lists.Any(l => l.WaitsFor is not null || l.Known.Any(u => !artifacts.Has(u))))
        {
            return new UnitList([], "all that it shows is there", 1);
        }

        return new UnitList([
            Create(
                [.. shown.Zip(lists, (s, l) => new KeyPart.Inputs($"input.{s.Name}", l.Known))],
                Described(artifacts),
                PicturesOf(artifacts)
            ),
        ]);
    }

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [new PublishedTable<KeyNumberRow>(() => NumberRows(artifacts))];

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        base.Publish(artifacts, folder);
        Unit page = Units(artifacts).Known[0];
        string source = Path.GetDirectoryName(artifacts.File(page, HtmlReport.PageName))!;
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(source, file);
            if (relative != Manifest.FileName && relative != Tables.Of<KeyNumberRow>().FileName)
            {
                folder.Copy(Published(relative), file);
            }
        }
    }

    /// <summary>Where the page lies in the run's folder.</summary>
    public string PublishedPage => Published(HtmlReport.PageName);

    /// <summary>Samples that the page is about.</summary>
    public int Samples(Artifacts artifacts) => SamplesOf(artifacts).Count;

    /// <summary>The numbers that the page states, by which experiments are compared; the report is there.</summary>
    public IReadOnlyList<KeyNumber> StatedNumbers(Artifacts artifacts) =>
        [.. NumberRows(artifacts).Select(r => r.ToNumber())];

    private IReadOnlyList<KeyNumberRow> NumberRows(Artifacts artifacts) =>
        artifacts.Rows<KeyNumberRow>(Units(artifacts).Known[0]);

    /// <summary>What the page shows of pictures and verdicts, which no unit holds.</summary>
    private string Described(Artifacts artifacts) =>
        string.Join(
            '\n',
            [
                Tables.Of<SampleRow>().Csv(SampleRows(artifacts)),
                .. Facts(artifacts).Select(f => $"{f.Label}: {f.Value}"),
                .. sources
                    .Answers.Samples(artifacts)!
                    .Select(s => $"{s.Id} {s.Item.File} {s.Item.Category} {s.Item.SuperCategory} {s.Item.Domain}"),
                sources.Tokens?.PublishedFacts(artifacts) ?? "",
            ]
        );

    /// <summary>Every picture asked about, with what was measured where something was.</summary>
    private IReadOnlyList<SampleRow> SampleRows(Artifacts artifacts) =>
        sources.Forward?.SampleRows(artifacts) ?? sources.Answers.SampleRows(artifacts);

    /// <summary>Picture files that the page holds.</summary>
    private IEnumerable<string> PicturesOf(Artifacts artifacts) =>
        SamplesOf(artifacts).Take(ShownPictures).Select(s => s.Item.FullPath);

    private IReadOnlyList<Sample> SamplesOf(Artifacts artifacts) =>
        sources.Forward?.Accepted(artifacts) ?? sources.Answers.Samples(artifacts)!;

    private Unit Create(KeyPart[] inputs, string shown, IEnumerable<string> pictures)
    {
        string settings = SpecWriter.ToYaml(context.Experiment);
        return Unit.Of(
            $"{context.Experiment.Name}/{Name}",
            new Page(
                new PageContent(
                    [
                        new KeyPart.Digest("settings", "experiment.yaml", FileDigests.OfText(settings)),
                        new KeyPart.Text("command", context.Command),
                        new KeyPart.Digest("samples", "labels and verdicts", FileDigests.OfText(shown))
                        {
                            Files = [.. pictures, .. context.LabelFiles],
                        },
                        .. inputs,
                    ],
                    Data
                )
            )
        );
    }

    /// <summary>The page.</summary>
    /// <param name="Content">All that it shows.</param>
    [UnitKind("report", 8, "pages")]
    private sealed record Page(PageContent Content) : IUnit<Page>
    {
        public static void Compute(Page unit, UnitRun run)
        {
            Findings findings = Findings.Of(unit.Content.Read(run.Artifacts));
            HtmlReport.Write(findings, run.Folder);
            run.Write<KeyNumberRow>([.. KeyNumbers.Of(findings).Select(KeyNumberRow.Of)]);
        }
    }

    /// <summary>
    /// What a page shows. It is the whole experiment, so the key names its settings as a text, and all units of the
    /// stages that are shown.
    /// </summary>
    /// <param name="Parts">What the content depends on.</param>
    /// <param name="Read">Reads it.</param>
    private sealed record PageContent(IReadOnlyList<KeyPart> Parts, Func<Artifacts, ReportData> Read) : IKeyed
    {
        IEnumerable<KeyPart> IKeyed.KeyParts(string name) => Parts;
    }

    private ReportData Data(Artifacts artifacts)
    {
        IReadOnlyList<Sample> samples = SamplesOf(artifacts);
        EndsRow? ends =
            sources.Forward is null || samples.Count == 0 ? null : sources.Forward.Ends(artifacts, samples[0]);
        Experiment experiment = context.Experiment;
        return new ReportData
        {
            Name = experiment.Name,
            Command = context.Command,
            Model = new ModelCard(
                context.Info.Name,
                experiment.Model.Path.Raw,
                context.Info.Family.Name,
                context.Info.Layers,
                context.Info.Heads,
                context.Info.KvHeads,
                context.Info.HeadDim,
                ends?.ImageTokens ?? 0,
                ends?.SuffixTokens ?? 0,
                context.Arithmetic.ToString()
            ),
            Question = context.Question,
            IsDefaultQuestion = context.Question == Prompts.Resolve(Prompts.Default),
            Settings =
            [
                .. SettingsTable
                    .Of(experiment)
                    .Select(s => new Reporting.SettingRow(s.Path, s.Value, s.IsDefault, s.Note)),
            ],
            Facts = Facts(artifacts),
            Samples = [.. samples.Select((s, i) => Result(artifacts, s, withPicture: i < ShownPictures))],
            Rejected =
            [
                .. SampleRows(artifacts)
                    .Where(r => r.Status == SampleRow.Rejected)
                    .Select(r => new RejectedSample(r.SampleId, r.File, r.Answer, r.Reason!)),
            ],
            Masks = sources.Forward?.Masks.Most ?? 0,
            Ablate = sources.Forward?.Masks.Spec.Ablate ?? 0.75,
            Validation = sources.Validation is null
                ? []
                :
                [
                    .. sources
                        .Validation.Rows(artifacts)
                        .Select(r => new Reporting.ValidationRow(
                            r.SampleId,
                            r.Criterion,
                            r.Seed,
                            r.K,
                            r.Faithfulness,
                            r.Completeness
                        )),
                ],
            Thresholds = sources.Validation is null
                ? []
                :
                [
                    .. sources
                        .Validation.HeadsNeeded(artifacts)
                        .Select(r => new ThresholdRow(
                            r.SampleId,
                            r.Criterion,
                            r.Seed,
                            r.Quantity,
                            r.Threshold,
                            r.Heads ?? double.NaN
                        )),
                ],
            FaithfulnessThreshold = (sources.Validation ?? sources.Ratios?.Validation)?.Spec.Faithfulness ?? 0.8,
            CompletenessThreshold = (sources.Validation ?? sources.Ratios?.Validation)?.Spec.Completeness ?? 0.2,
            Ratios = sources.Ratios is null
                ? []
                :
                [
                    .. sources
                        .Ratios.Rows(artifacts)
                        .Select(r => new RatioRow(
                            r.SampleId,
                            r.Ablate,
                            r.FaithfulHeads ?? double.NaN,
                            r.CompleteHeads ?? double.NaN,
                            r.R2 ?? double.NaN
                        )),
                ],
            Tokens = sources.Tokens is null
                ? null
                : new TokenTraceData
                {
                    Faithfulness = sources.Tokens.Spec.Faithfulness,
                    Important = sources.Tokens.Spec.Important,
                    Masks = sources.Tokens.TracesImage ? sources.Tokens.Spec.Count : 0,
                    Ablate = sources.Tokens.Spec.Ablate,
                    Samples = [.. samples.Select(s => Traced(artifacts, sources.Tokens, s))],
                    Objects =
                    [
                        .. sources
                            .Tokens.ObjectShares(artifacts)
                            .Select(r => new Reporting.ObjectOnTokens(
                                r.SampleId,
                                r.Area,
                                r.BetaOnObject ?? double.NaN,
                                r.AttentionOnObject ?? double.NaN
                            )),
                    ],
                },
            Lens = sources.Lens is null
                ? null
                : new LensData(
                    sources.Lens.Spec.Heads,
                    sources.Lens.Spec.Items,
                    [.. samples.Select(s => Said(s, sources.Lens.Rows(artifacts, s)))]
                ),
            GradientCost = sources.GradientCost is null
                ? []
                :
                [
                    .. sources
                        .GradientCost.Rows(artifacts)
                        .Select(r => new CostResult(
                            r.SampleId,
                            r.Way,
                            r.Observations,
                            r.Passes,
                            r.R2 ?? double.NaN,
                            r.Correlation ?? double.NaN
                        )),
                ],
            NonAdditive = sources.NonAdditive is null
                ? []
                :
                [
                    .. sources
                        .NonAdditive.Rows(artifacts)
                        .Select(r => new NonAdditiveResult(
                            r.SampleId,
                            r.R2ElasticNet ?? double.NaN,
                            r.R2WithTrees ?? double.NaN,
                            r.Trees
                        )),
                ],
            Layout = sources.Layout is null
                ? null
                : LaidOut(artifacts, sources.Layout, sources.Layout.Attribution, samples),
            HeadVectors = sources.HeadVectors is null ? null : Clustered(artifacts, sources.HeadVectors, samples),
            Prompts = sources.Prompts is null ? [] : [.. Compared(artifacts, sources.Prompts)],
            Styles = sources.Styles is not { } styles
                ? null
                : new StyleData(
                    styles.Styles,
                    styles.Cosines(artifacts),
                    [
                        .. styles
                            .MeanRows(artifacts)
                            .Select(r => new StyleMean(r.Style, r.Quantity, r.Criterion, r.Estimate, r.NotReached)),
                    ]
                ),
            Stability = sources.Stability is not { } stability
                ? []
                :
                [
                    .. stability
                        .Rows(artifacts)
                        .Select(r => new StabilityResult(
                            r.SampleId,
                            r.Share,
                            r.Masks,
                            r.R2 ?? double.NaN,
                            r.CosineAll ?? double.NaN,
                            r.CosineHalf ?? double.NaN,
                            r.HalfSplit ?? double.NaN,
                            r.SpearmanBrown ?? double.NaN
                        )),
                ],
            Convergence =
            [
                .. new[]
                {
                    sources.Attribution?.Convergence(artifacts),
                    sources.Tokens?.Convergence(artifacts),
                    sources.Ratios?.Convergence(artifacts),
                    sources.Prompts?.Convergence(artifacts),
                }.OfType<Convergence>(),
            ],
            Links = Links(artifacts),
        };
    }

    private IReadOnlyList<Fact> Facts(Artifacts artifacts)
    {
        var asked = sources.Answers.Asked(artifacts)!;
        var counts = AnswerCounts.Of(asked);
        string share = counts.Judged == 0 ? "" : $" ({Format.Percent((double)counts.Usable / counts.Asked)})";
        return
        [
            new Fact(
                "pictures",
                Invariant.Text(
                    $"{context.Pictures.Pictures.Count}, of which {context.Pictures.Candidates.Count} may be "
                        + $"asked about"
                )
            ),
            new Fact("answers", counts.Answered + share + counts.LeftOut),
            .. TargetNotes.Of(asked).Select(note => new Fact("target tokens", note)),
            new Fact("image", ImageSettings.Describe(context.Image, context.Info.Family, context.ImageTokens)),
            new Fact("prompt template", context.Template.Described),
            .. counts.Unfit > 0
                ?
                [
                    new Fact(
                        "left out",
                        $"{Format.Many(counts.Unfit, "picture")} could not be asked about: table samples says why"
                    ),
                ]
                : Array.Empty<Fact>(),
            .. context.Pictures.Notes.Select(note => new Fact("pictures", note)),
            .. sources.Forward?.Enough is null
                ? Array.Empty<Fact>()
                : [new Fact("masks", sources.Forward.DescribeMasks(artifacts))],
            .. context.Pictures.LeftOut.Select(l => new Fact(
                "left out",
                $"{Format.Many(l.Count, "picture")}: {l.Reason}"
            )),
        ];
    }

    private SampleResult Result(Artifacts artifacts, Sample sample, bool withPicture)
    {
        EndsRow? ends = sources.Forward?.Ends(artifacts, sample);
        FitRow? fit = sources.Attribution?.Fit(artifacts, sample);
        var predictions = sources.Attribution?.Predictions(artifacts, sample);
        return new SampleResult
        {
            SampleId = sample.Id,
            File = sample.Item.File,
            Category = sample.Item.Category ?? "",
            Answer = sample.Answer,
            Given = Shown.Name(sample.GivenText),
            Target = sample.Target,
            Intact = ends?.FIntact ?? double.NaN,
            Ablated = ends?.FAblated ?? double.NaN,
            Masks = sources.Forward?.MaskCountOf(artifacts, sample) ?? 0,
            Picture = withPicture ? RegularFile.ReadAllBytes(sample.Item.FullPath) : null,
            Beta = sources.Attribution?.Beta(artifacts, sample) ?? [],
            ImageAttention = sources.Validation?.Scores(artifacts, sample, Criterion.Attention) ?? [],
            SingleHead = sources.Validation?.Scores(artifacts, sample, Criterion.Causal) ?? [],
            R2 = fit?.R2 ?? double.NaN,
            Rho = fit?.Rho ?? double.NaN,
            TestPhi = predictions is null ? [] : [.. predictions.Select(p => p.Phi)],
            TestPredicted = predictions is null ? [] : [.. predictions.Select(p => p.Predicted)],
        };
    }

    private static IEnumerable<PromptResult> Compared(Artifacts artifacts, PromptSimilarity prompts)
    {
        var rows = prompts.Rows(artifacts).ToLookup(r => r.Prompt, StringComparer.Ordinal);
        return prompts.Compared.Select(p => new PromptResult(
            p.Prompt == p.Question ? "" : p.Prompt,
            p.Question,
            [.. rows[p.Prompt].Select(r => r.Cosine ?? double.NaN)]
        ));
    }

    private static SampleLayout LaidOut(
        Artifacts artifacts,
        BetaLayout layout,
        Regress attribution,
        IReadOnlyList<Sample> samples
    )
    {
        var byId = samples.ToDictionary(s => s.Id, StringComparer.Ordinal);
        LayoutPoint Point(LayoutRow row, Sample sample) =>
            new(
                row.SampleId,
                sample.Item.File,
                row.Object,
                row.SuperCategory ?? "",
                row.X,
                row.Y,
                sample.Item.Domain ?? "",
                attribution.Beta(artifacts, sample)
            );
        return new SampleLayout(
            [.. layout.Rows(artifacts).Select(r => Point(r, byId[r.SampleId]))],
            layout.Method(artifacts)
        );
    }

    private static HeadVectors Clustered(Artifacts artifacts, ClusterHeads stage, IReadOnlyList<Sample> samples)
    {
        var byHead = stage.Rows(artifacts).GroupBy(r => (r.Layer * stage.HeadsPerLayer) + r.Head).ToList();
        return new HeadVectors(
            [.. byHead.Select(h => h.Key)],
            [.. samples.Select(s => new HeadVectorSample(s.Id, s.Item.Category ?? "", s.Item.SuperCategory ?? ""))],
            [.. byHead.Select(h => h.Select(r => r.Beta).ToArray())],
            new Dendrogram(byHead.Count, stage.Merges(artifacts)),
            stage.Spec.LeastBeta,
            stage.Method,
            stage.Metric
        );
    }

    private static TracedSample Traced(Artifacts artifacts, TokenTrace tokens, Sample sample)
    {
        TokenTraceRow trace = tokens.Trace(artifacts, sample);
        var text = tokens.TextTokens(artifacts, sample);
        var image = tokens.ImageTokens(artifacts, sample);
        TokenFitRow? fit = tokens.Fit(artifacts, sample);
        return new TracedSample
        {
            SampleId = sample.Id,
            Answer = sample.Answer,
            Tokens = [.. text.Select(t => t.Token)],
            Delta = [.. text.Select(t => t.Delta)],
            Important = [.. text.Select(t => t.Important)],
            HeadsKept = trace.HeadsKept,
            LogitKept = trace.LogitKept,
            Attention = [.. image.Select(t => t.WeightedAttention)],
            Beta = fit is null ? [] : [.. image.Select(t => t.Beta!.Value)],
            R2 = fit?.R2 ?? double.NaN,
            AttentionRho = fit?.RhoAttention ?? double.NaN,
            Seen = tokens.Seen(artifacts, sample),
            Rows = trace.GridRows,
            Columns = trace.GridColumns,
        };
    }

    private static LensSample Said(Sample sample, IReadOnlyList<LensRow> rows) =>
        new(
            sample.Id,
            sample.Answer,
            [
                .. rows.GroupBy(r => r.HeadRank)
                    .OrderBy(g => g.Key)
                    .Select(g => new LensHead(
                        g.First().Layer,
                        g.First().Head,
                        g.First().Beta,
                        [.. g.OrderBy(r => r.ItemRank).Select(r => new LensToken(r.Token, r.Logit, r.IsTarget))]
                    )),
            ]
        );

    private string Published(string relative) => IsOneOfSeveral ? Path.Combine(Name, relative) : relative;

    private List<Link> Links(Artifacts artifacts)
    {
        var links = new List<Link>();
        void Table(Stage? stage, string name, string note)
        {
            if (stage is null)
            {
                return;
            }

            links.Add(new Link($"{name}.parquet", $"{stage.PublishedPath(name)}.parquet", note));
            links.Add(new Link($"{name}.csv", $"{stage.PublishedPath(name)}.csv", note));
        }

        Table(
            (Stage?)sources.Forward ?? sources.Answers,
            Tables.Of<SampleRow>().Name,
            "every picture asked about: answer, verdict, target token, f(1), f(0), why it was rejected"
        );
        Table(sources.Attribution, Tables.Of<AttributionRow>().Name, "beta of every head and sample");
        Table(sources.Attribution, Tables.Of<FitRow>().Name, "quality of the fits");
        Table(sources.Attribution, Tables.Of<PredictionRow>().Name, "true and predicted phi of the test masks");
        Table(
            sources.Validation,
            Tables.Of<Storage.ValidationRow>().Name,
            "faithfulness and completeness by criterion and k"
        );
        Table(sources.Validation, Tables.Of<NeededRow>().Name, "heads needed at every threshold");
        Table(
            sources.Validation,
            Tables.Of<RankingRow>().Name,
            "the orders of the heads: delta of single-head ablation, image attention weight, beta"
        );
        Table(sources.Layout, Tables.Of<LayoutRow>().Name, "samples laid out by beta");
        Table(sources.HeadVectors, Tables.Of<HeadVectorRow>().Name, "beta of the heads that are clustered, by sample");
        Table(sources.HeadVectors, Tables.Of<Merge>().Name, "their tree, merge by merge");
        Table(
            sources.Prompts,
            Tables.Of<PromptSimilarityRow>().Name,
            "cosine of beta under other prompts with beta under this experiment's"
        );
        Table(
            sources.Styles,
            Tables.Of<StylePairsRow>().Name,
            "cosine of beta by pair of styles, for the same object and for another"
        );
        Table(
            sources.Styles,
            Tables.Of<StyleRelationRow>().Name,
            "the same over all styles, and by how much the object counts for more"
        );
        Table(sources.Styles, Tables.Of<StyleMeanRow>().Name, "R², ρ and heads needed by style");
        Table(sources.Tokens, Tables.Of<TextTokenRow>().Name, "delta of every text token");
        Table(sources.Tokens, Tables.Of<TokenTraceRow>().Name, "x*, and what u* keeps of its logit");
        Table(sources.Tokens, Tables.Of<ImageTokenRow>().Name, "weighted attention and beta of every image token");
        Table(
            sources.Tokens?.ObjectShares(artifacts).Count > 0 ? sources.Tokens : null,
            Tables.Of<ObjectShareRow>().Name,
            "share of beta and of weighted attention on the object, beside the share of the image tokens that it "
                + "covers"
        );
        Table(
            sources.Tokens is { TracesImage: true } ? sources.Tokens : null,
            Tables.Of<TokenFitRow>().Name,
            "quality of the fits over image tokens"
        );
        Table(sources.Lens, Tables.Of<LensRow>().Name, "top vocabulary items of the strongest heads");
        Table(
            sources.GradientCost,
            Tables.Of<CostPoint>().Name,
            "held-out R² and correlation against passes spent, by way"
        );
        Table(
            sources.NonAdditive,
            Tables.Of<NonAdditiveRow>().Name,
            "R² that trees on the elastic net's residual gain"
        );
        Table(
            sources.Stability,
            Tables.Of<StabilityRow>().Name,
            "R² and β of the first masks: whether there were enough"
        );
        Table(
            sources.Ratios,
            Tables.Of<AblationRatioRow>().Name,
            "heads needed and quality of the fit by share of heads that masks ablate"
        );
        Table(this, Tables.Of<KeyNumberRow>().Name, "the numbers that this page states, with the paper's");
        if (sources.Forward is not null)
        {
            links.Add(
                new Link(
                    "masks/",
                    sources.Forward.Masks.PublishedPath(Tables.Of<MaskRow>().Name) + "/",
                    "which heads were intact, by sample and mask"
                )
            );
            if (sources.Forward.Enough is not null)
            {
                Table(
                    sources.Forward,
                    Tables.Of<HalfSplitRow>().Name,
                    "correlation of β between two halves of a sample's masks, step by step"
                );
            }

            links.Add(
                new Link(
                    "forward/",
                    sources.Forward.PublishedPath(Tables.Of<ForwardRow>().Name) + "/",
                    "f and phi of every mask"
                )
            );
        }

        return links;
    }
}
