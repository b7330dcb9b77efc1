using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Spec;
using Pipelines.Spec.Writing;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>Writes the page and the figures from what the other stages found.</summary>
[StageOf<ReportSpec>]
public sealed class WriteReport(StageContext context, IReadOnlyDictionary<string, Stage> inputs) : Stage(context)
{
    private const int Version = 9;
    private const string NumbersFile = "key-numbers.parquet";

    /// <summary>Pictures shown on the page: more would make it too heavy to pass on.</summary>
    private const int ShownPictures = 24;

    /// <summary>The stages that it shows, by role.</summary>
    private readonly IReadOnlyList<Stage> shown =
    [
        .. inputs.OrderBy(i => i.Key, StringComparer.Ordinal).Select(i => i.Value),
    ];

    private AnswerQuestions Answers => shown.OfType<AnswerQuestions>().Single();

    private ForwardPasses? Forward => shown.OfType<ForwardPasses>().SingleOrDefault();

    /// <inheritdoc/>
    public override string Kind => "report";

    /// <inheritdoc/>
    public override string WorkUnit => "pages";

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts)
    {
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
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        PublishTable(folder, NumberRows(artifacts));
        Unit page = Units(artifacts).Known[0];
        string source = Path.GetDirectoryName(artifacts.File(page, HtmlReport.PageName))!;
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(source, file);
            if (relative is not (Manifest.FileName or NumbersFile))
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
        Tables.Of<KeyNumberRow>().Read(artifacts.File(Units(artifacts).Known[0], NumbersFile));

    /// <summary>What the page shows of pictures and verdicts, which no unit holds.</summary>
    private string Described(Artifacts artifacts) =>
        string.Join(
            '\n',
            [
                Tables.Of<SampleRow>().Csv(SampleRows(artifacts)),
                .. Facts(artifacts).Select(f => $"{f.Label}: {f.Value}"),
                .. Answers
                    .Samples(artifacts)!
                    .Select(s => $"{s.Id} {s.Item.File} {s.Item.Category} {s.Item.SuperCategory} {s.Item.Domain}"),
                shown.OfType<TokenTrace>().SingleOrDefault()?.PublishedFacts(artifacts) ?? "",
            ]
        );

    /// <summary>Every picture asked about, with what was measured where something was.</summary>
    private IReadOnlyList<SampleRow> SampleRows(Artifacts artifacts) =>
        Forward?.SampleRows(artifacts) ?? Answers.SampleRows(artifacts);

    /// <summary>Picture files that the page holds.</summary>
    private IEnumerable<string> PicturesOf(Artifacts artifacts) =>
        SamplesOf(artifacts).Take(ShownPictures).Select(s => s.Item.FullPath);

    private IReadOnlyList<Sample> SamplesOf(Artifacts artifacts) =>
        Forward?.Accepted(artifacts) ?? Answers.Samples(artifacts)!;

    private Unit Create(KeyPart[] inputs, string described, IEnumerable<string> pictures)
    {
        string settings = SpecWriter.ToYaml(Context.Experiment);
        return new Unit(
            Kind,
            Version,
            $"{Context.Experiment.Name}/{Name}",
            [
                new KeyPart.Digest("settings", "experiment.yaml", FileDigests.OfText(settings)),
                new KeyPart.Text("command", Context.Command),
                new KeyPart.Digest("samples", "labels and verdicts", FileDigests.OfText(described))
                {
                    Files = [.. pictures, .. Context.LabelFiles],
                },
                .. inputs,
            ],
            1,
            WorkUnit,
            run =>
            {
                Findings findings = Findings.Of(Data(run.Artifacts));
                HtmlReport.Write(findings, run.Folder);
                Tables
                    .Of<KeyNumberRow>()
                    .Write(run.File(NumbersFile), [.. KeyNumbers.Of(findings).Select(KeyNumberRow.Of)]);
            }
        );
    }

    private ReportData Data(Artifacts artifacts)
    {
        IReadOnlyList<Sample> samples = SamplesOf(artifacts);
        EndsRow? ends = samples.Count == 0 ? null : Forward?.Ends(artifacts, samples[0]);
        Experiment experiment = Context.Experiment;
        // A study of ratios scans, too, where the report has no validation of its own
        Validate? thresholds =
            shown.OfType<Validate>().SingleOrDefault() ?? shown.OfType<AblationRatio>().SingleOrDefault()?.Validation;
        return new ReportData
        {
            Name = experiment.Name,
            Command = Context.Command,
            Model = new ModelCard(
                Context.Info.Name,
                experiment.Model.Path.Raw,
                ImageSettings.NameOf(Context.Info.Family),
                Context.Info.Layers,
                Context.Info.Heads,
                Context.Info.KvHeads,
                Context.Info.HeadDim,
                ends?.ImageTokens ?? 0,
                ends?.SuffixTokens ?? 0,
                Context.Arithmetic.ToString()
            ),
            Question = Context.Question,
            IsDefaultQuestion = Context.Question == Prompts.Resolve(Prompts.Default),
            Settings =
            [
                .. SettingsTable
                    .Of(experiment)
                    .Select(s => new Reporting.SettingRow(s.Path, s.Value, s.IsDefault, s.Note)),
            ],
            Facts = Facts(artifacts),
            Samples = [.. samples.Select((s, i) => SampleOf(artifacts, s, withPicture: i < ShownPictures))],
            Masks = Forward?.Masks.Most ?? 0,
            Ablate = Forward?.Masks.Spec.Ablate ?? 0.75,
            FaithfulnessThreshold = thresholds?.Spec.Faithfulness ?? 0.8,
            CompletenessThreshold = thresholds?.Spec.Completeness ?? 0.2,
            Tables = shown.Aggregate(
                ReportTables.Empty.With(SampleRows(artifacts)),
                (tables, stage) => WithRowsOf(stage, tables, artifacts, samples)
            ),
            Links = Links(artifacts),
        };
    }

    /// <summary>The tables with the rows of one stage, and with its settings where a figure states them.</summary>
    private ReportTables WithRowsOf(
        Stage stage,
        ReportTables tables,
        Artifacts artifacts,
        IReadOnlyList<Sample> samples
    ) =>
        stage switch
        {
            Regress fits => tables
                .With(samples.SelectMany(s => BetaRows(s, fits.Beta(artifacts, s))))
                .With(samples.Select(s => fits.Fit(artifacts, s)))
                .With(samples.SelectMany(s => fits.Predictions(artifacts, s)))
                .And(fits.Convergence(artifacts)),
            Validate scans => tables
                .With(scans.Rows(artifacts))
                .With(scans.HeadsNeeded(artifacts))
                .With(samples.SelectMany(s => ScoreRows(artifacts, scans, s))),
            TokenTrace tokens => tables
                .With(samples.SelectMany(s => tokens.TextTokens(artifacts, s)))
                .With(samples.Select(s => tokens.Trace(artifacts, s)))
                .With(samples.SelectMany(s => tokens.ImageTokens(artifacts, s)))
                .With(samples.Select(s => tokens.Fit(artifacts, s)).OfType<TokenFitRow>())
                .With(tokens.ObjectShares(artifacts))
                .WithSettings(tokens.Spec)
                .And(tokens.Convergence(artifacts)),
            LogitLens lens => tables.With(samples.SelectMany(s => lens.Rows(artifacts, s))).WithSettings(lens.Spec),
            GradientCost cost => tables.With(cost.Rows(artifacts)),
            NonAdditive trees => tables.With(trees.Rows(artifacts)),
            Stability stability => tables.With(stability.Rows(artifacts)),
            BetaLayout layout => WithLayout(layout, tables, artifacts, samples),
            ClusterHeads clusters => tables
                .With(clusters.Rows(artifacts))
                .With(clusters.Merges(artifacts))
                .WithSettings(clusters.Spec)
                .WithNote<HeadVectorRow>(clusters.Method),
            AblationRatio ratios => tables.With(ratios.Rows(artifacts)).And(ratios.Convergence(artifacts)),
            PromptSimilarity prompts => tables
                .With(prompts.Rows(artifacts))
                .WithSettings(new PromptSimilaritySpec { Prompts = [.. prompts.Compared.Select(p => p.Prompt)] })
                .And(prompts.Convergence(artifacts)),
            CompareStyles styles => WithStyles(styles.Cosines(artifacts), tables).With(styles.MeanRows(artifacts)),
            _ => tables,
        };

    private IEnumerable<AttributionRow> BetaRows(Sample sample, double[] beta) =>
        beta.Select((b, n) => new AttributionRow(sample.Id, n / Context.Info.Heads, n % Context.Info.Heads, b));

    /// <summary>The heads in the order of the criteria whose scores figures show.</summary>
    private IEnumerable<RankingRow> ScoreRows(Artifacts artifacts, Validate scans, Sample sample) =>
        from criterion in new[] { Criterion.Attention, Criterion.Causal }
        let scores = scans.Scores(artifacts, sample, criterion)
        from head in Enumerable.Range(0, scores.Length).OrderByDescending(n => scores[n]).Select((n, rank) => (n, rank))
        select new RankingRow(
            sample.Id,
            Spelling.Of(criterion),
            0,
            head.rank,
            head.n / Context.Info.Heads,
            head.n % Context.Info.Heads,
            scores[head.n]
        );

    private ReportTables WithLayout(
        BetaLayout layout,
        ReportTables tables,
        Artifacts artifacts,
        IReadOnlyList<Sample> samples
    )
    {
        ReportTables with = tables.With(layout.Rows(artifacts)).WithNote<LayoutRow>(layout.Method(artifacts));
        return shown.Contains(layout.Attribution)
            ? with
            : with.WithBehind<LayoutRow, AttributionRow>(
                samples.SelectMany(s => BetaRows(s, layout.Attribution.Beta(artifacts, s)))
            );
    }

    private static ReportTables WithStyles(StyleComparison compared, ReportTables tables) =>
        tables
            .With(compared.Pairs.Select(StylePairsRow.Of))
            .With(
                compared
                    .Relations.Select(r =>
                        StyleRelationRow.Of(
                            r.SameObject ? Likeness.Same : Likeness.Another,
                            r.SameStyle ? Likeness.Same : Likeness.Another,
                            r.Cosine
                        )
                    )
                    .Append(StyleRelationRow.Of(Likeness.Difference, Likeness.Difference, compared.ObjectOverStyle))
            );

    private IReadOnlyList<Fact> Facts(Artifacts artifacts)
    {
        var asked = Answers.Asked(artifacts)!;
        var counts = AnswerCounts.Of(asked);
        string share = counts.Judged == 0 ? "" : $" ({Format.Percent((double)counts.Usable / counts.Asked)})";
        return
        [
            new Fact(
                "pictures",
                Invariant.Text(
                    $"{Context.Pictures.Pictures.Count}, of which {Context.Pictures.Candidates.Count} may be "
                        + $"asked about"
                )
            ),
            new Fact("answers", counts.Answered + share + counts.LeftOut),
            .. TargetNotes.Of(asked).Select(note => new Fact("target tokens", note)),
            new Fact("image", ImageSettings.Describe(Context.Image, Context.Info.Family, Context.ImageTokens)),
            new Fact("prompt template", Context.Template.Described),
            .. counts.Unfit > 0
                ?
                [
                    new Fact(
                        "left out",
                        $"{Format.Many(counts.Unfit, "picture")} could not be asked about: table samples says why"
                    ),
                ]
                : Array.Empty<Fact>(),
            .. Context.Pictures.Notes.Select(note => new Fact("pictures", note)),
            .. Forward?.Enough is null ? Array.Empty<Fact>() : [new Fact("masks", Forward.DescribeMasks(artifacts))],
            .. Context.Pictures.LeftOut.Select(l => new Fact(
                "left out",
                $"{Format.Many(l.Count, "picture")}: {l.Reason}"
            )),
        ];
    }

    private ReportSample SampleOf(Artifacts artifacts, Sample sample, bool withPicture)
    {
        EndsRow? ends = Forward?.Ends(artifacts, sample);
        return new ReportSample
        {
            SampleId = sample.Id,
            File = sample.Item.File,
            Category = sample.Item.Category ?? "",
            SuperCategory = sample.Item.SuperCategory ?? "",
            Style = sample.Item.Domain ?? "",
            Answer = sample.Answer,
            Given = Shown.Name(sample.GivenText),
            Target = sample.Target,
            Intact = ends?.FIntact ?? double.NaN,
            Ablated = ends?.FAblated ?? double.NaN,
            Masks = Forward?.MasksOf(sample) ?? 0,
            Picture = withPicture ? RegularFile.ReadAllBytes(sample.Item.FullPath) : null,
            Seen = shown.OfType<TokenTrace>().SingleOrDefault()?.Seen(artifacts, sample),
        };
    }

    private string Published(string relative) => IsOneOfSeveral ? Path.Combine(Name, relative) : relative;

    private List<Link> Links(Artifacts artifacts)
    {
        var links = new List<Link>();
        TokenTrace? tokens = shown.OfType<TokenTrace>().SingleOrDefault();
        TStage? Stage<TStage>()
            where TStage : Stage => shown.OfType<TStage>().SingleOrDefault();
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
            (Stage?)Forward ?? Answers,
            Tables.Of<SampleRow>().Name,
            "every picture asked about: answer, verdict, target token, f(1), f(0), why it was rejected"
        );
        Table(Stage<Regress>(), Tables.Of<AttributionRow>().Name, "beta of every head and sample");
        Table(Stage<Regress>(), Tables.Of<FitRow>().Name, "quality of the fits");
        Table(Stage<Regress>(), Tables.Of<PredictionRow>().Name, "true and predicted phi of the test masks");
        Table(Stage<Validate>(), Tables.Of<ValidationRow>().Name, "faithfulness and completeness by criterion and k");
        Table(Stage<Validate>(), Tables.Of<NeededRow>().Name, "heads needed at every threshold");
        Table(
            Stage<Validate>(),
            Tables.Of<RankingRow>().Name,
            "the orders of the heads: delta of single-head ablation, image attention weight, beta"
        );
        Table(Stage<BetaLayout>(), Tables.Of<LayoutRow>().Name, "samples laid out by beta");
        Table(
            Stage<ClusterHeads>(),
            Tables.Of<HeadVectorRow>().Name,
            "beta of the heads that are clustered, by sample"
        );
        Table(Stage<ClusterHeads>(), Tables.Of<Merge>().Name, "their tree, merge by merge");
        Table(
            Stage<PromptSimilarity>(),
            Tables.Of<PromptSimilarityRow>().Name,
            "cosine of beta under other prompts with beta under this experiment's"
        );
        Table(
            Stage<CompareStyles>(),
            Tables.Of<StylePairsRow>().Name,
            "cosine of beta by pair of styles, for the same object and for another"
        );
        Table(
            Stage<CompareStyles>(),
            Tables.Of<StyleRelationRow>().Name,
            "the same over all styles, and by how much the object counts for more"
        );
        Table(Stage<CompareStyles>(), Tables.Of<StyleMeanRow>().Name, "R², ρ and heads needed by style");
        Table(tokens, Tables.Of<TextTokenRow>().Name, "delta of every text token");
        Table(tokens, Tables.Of<TokenTraceRow>().Name, "x*, and what u* keeps of its logit");
        Table(tokens, Tables.Of<ImageTokenRow>().Name, "weighted attention and beta of every image token");
        Table(
            tokens?.ObjectShares(artifacts).Count > 0 ? tokens : null,
            Tables.Of<ObjectShareRow>().Name,
            "share of beta and of weighted attention on the object, beside the share of the image tokens that it "
                + "covers"
        );
        Table(
            tokens is { TracesImage: true } ? tokens : null,
            Tables.Of<TokenFitRow>().Name,
            "quality of the fits over image tokens"
        );
        Table(Stage<LogitLens>(), Tables.Of<LensRow>().Name, "top vocabulary items of the strongest heads");
        Table(
            Stage<GradientCost>(),
            Tables.Of<CostPoint>().Name,
            "held-out R² and correlation against passes spent, by way"
        );
        Table(
            Stage<NonAdditive>(),
            Tables.Of<NonAdditiveRow>().Name,
            "R² that trees on the elastic net's residual gain"
        );
        Table(
            Stage<Stability>(),
            Tables.Of<StabilityRow>().Name,
            "R² and β of the first masks: whether there were enough"
        );
        Table(
            Stage<AblationRatio>(),
            Tables.Of<AblationRatioRow>().Name,
            "heads needed and quality of the fit by share of heads that masks ablate"
        );
        Table(this, Tables.Of<KeyNumberRow>().Name, "the numbers that this page states, with the paper's");
        if (Forward is not null)
        {
            links.Add(
                new Link(
                    "masks/",
                    Forward.Masks.PublishedPath(Tables.Of<MaskRow>().Name) + "/",
                    "which heads were intact, by sample and mask"
                )
            );
            if (Forward.Enough is not null)
            {
                Table(
                    Forward,
                    Tables.Of<HalfSplitRow>().Name,
                    "correlation of β between two halves of a sample's masks, step by step"
                );
            }

            links.Add(
                new Link(
                    "forward/",
                    Forward.PublishedPath(Tables.Of<ForwardRow>().Name) + "/",
                    "f and phi of every mask"
                )
            );
        }

        return links;
    }
}
