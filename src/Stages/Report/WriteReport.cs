using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Vision;
using Pipelines.Spec;
using Pipelines.Spec.Writing;
using Pipelines.Stages.Data.Questions;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>Writes the page and the figures from what the other stages found.</summary>
[StageOf<ReportSpec>]
public sealed class WriteReport(StageContext context, IReadOnlyDictionary<string, Stage> inputs) : Stage
{
    /// <summary>
    /// Pictures that the page chooses from: cards, and figures that show some of them small; the explorer has all.
    /// </summary>
    private const int ShownPictures = 96;

    /// <summary>The stages that it shows, by role.</summary>
    private readonly IReadOnlyList<Stage> shown =
    [
        .. inputs.OrderBy(i => i.Key, StringComparer.Ordinal).Select(i => i.Value),
    ];

    private AnswerQuestions Answers => shown.OfType<AnswerQuestions>().Single();

    private ForwardPasses? Forward => shown.OfType<ForwardPasses>().SingleOrDefault();

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
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [
            new PublishedTable<KeyNumberRow>(() => NumberRows(artifacts)),
            new PublishedTable<OverviewHeadRow>(() => OwnRows<OverviewHeadRow>(artifacts)),
            new PublishedTable<OverviewTokenRow>(() => OwnRows<OverviewTokenRow>(artifacts)),
            new PublishedTable<OverviewPointRow>(() => OwnRows<OverviewPointRow>(artifacts)),
        ];

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        base.Publish(artifacts, folder);
        Unit page = Units(artifacts).Known[0];
        string[] own =
        [
            Tables.Of<KeyNumberRow>().FileName,
            Tables.Of<OverviewHeadRow>().FileName,
            Tables.Of<OverviewTokenRow>().FileName,
            Tables.Of<OverviewPointRow>().FileName,
        ];
        string source = Path.GetDirectoryName(artifacts.File(page, HtmlReport.PageName))!;
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(source, file);
            if (relative != Manifest.FileName && !own.Contains(relative))
            {
                folder.Copy(Published(relative), file);
            }
        }
    }

    /// <summary>Where the page lies in the run's folder.</summary>
    public string PublishedPage => Published(HtmlReport.PageName);

    /// <summary>Samples that the page is about.</summary>
    public int Samples(Artifacts artifacts) => SamplesOf(artifacts).Count;

    /// <summary>What f is, as sentences name it.</summary>
    public string Measured => context.MeasuresOwnLogit ? ReportData.AnswersLogit : TargetWords.Short(context.Target);

    /// <summary>What an overview says of the experiment; the report is there.</summary>
    /// <param name="artifacts">Hold it.</param>
    /// <param name="name">Name of the experiment there.</param>
    /// <param name="address">Of the page, relative to the overview.</param>
    public OverviewExperiment InOverview(Artifacts artifacts, string name, string address)
    {
        return new OverviewExperiment(
            name,
            address,
            context.Info.Name,
            context.Info.Layers * context.Info.Heads,
            Samples(artifacts),
            StatedNumbers(artifacts)
        )
        {
            Measured = Measured,
            IsAsThePaper = context.MeasuresOwnLogit && !context.HasOwnQuestions && Prompts.IsPapers(context.Question),
            Family = context.Info.Family.Name,
            FaithfulnessThreshold = Thresholds?.Spec.Faithfulness ?? PaperThresholds.Faithfulness,
            CompletenessThreshold = Thresholds?.Spec.Completeness ?? PaperThresholds.Completeness,
            ImportantThreshold = shown.OfType<TokenTrace>().FirstOrDefault()?.Spec.Important
                ?? PaperThresholds.Important,
            Parts = new OverviewParts(
                OwnRows<OverviewHeadRow>(artifacts),
                OwnRows<OverviewTokenRow>(artifacts),
                OwnRows<OverviewPointRow>(artifacts)
            ),
        };
    }

    /// <summary>The numbers that the page states, by which experiments are compared; the report is there.</summary>
    public IReadOnlyList<KeyNumber> StatedNumbers(Artifacts artifacts) =>
        [.. NumberRows(artifacts).Select(r => r.ToNumber())];

    /// <summary>
    /// The stage whose thresholds hold: a study of ratios scans, too, where the report has no validation of its own.
    /// </summary>
    private Validate? Thresholds =>
        shown.OfType<Validate>().SingleOrDefault() ?? shown.OfType<AblationRatio>().SingleOrDefault()?.Validation;

    private IReadOnlyList<KeyNumberRow> NumberRows(Artifacts artifacts) => OwnRows<KeyNumberRow>(artifacts);

    private IReadOnlyList<TRow> OwnRows<TRow>(Artifacts artifacts)
        where TRow : class => artifacts.Rows<TRow>(Units(artifacts).Known[0]);

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
        SamplesOf(artifacts).Select(s => s.Item.Location.Container);

    private IReadOnlyList<Sample> SamplesOf(Artifacts artifacts) =>
        Forward?.Accepted(artifacts) ?? Answers.Samples(artifacts)!;

    private Unit Create(KeyPart[] inputs, string described, IEnumerable<string> pictures)
    {
        string settings = SpecWriter.ToYaml(context.Experiment);
        return Unit.Of(
            $"{context.Experiment.Name}/{Name}",
            new Page(
                new PageContent(
                    [
                        new KeyPart.Digest("settings", "experiment.yaml", FileDigests.OfText(settings)),
                        new KeyPart.Text("command", context.Command),
                        new KeyPart.Digest("samples", "labels and verdicts", FileDigests.OfText(described))
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
    [UnitKind("report", 18, "pages")]
    private sealed record Page(PageContent Content) : IUnit<Page>
    {
        public static void Compute(Page unit, UnitRun run)
        {
            Findings findings = Findings.Of(unit.Content.Read(run.Artifacts));
            HtmlReport.Write(findings, run.Folder);
            run.Write<KeyNumberRow>([.. findings.Numbers.Select(KeyNumberRow.Of)]);
            var parts = OverviewParts.Of(findings);
            run.Write<OverviewHeadRow>(parts.Heads);
            run.Write<OverviewTokenRow>(parts.Tokens);
            run.Write<OverviewPointRow>(parts.Points);
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
        EndsRow? ends = samples.Count == 0 ? null : Forward?.Ends(artifacts, samples[0]);
        Experiment experiment = context.Experiment;
        return new ReportData
        {
            Name = experiment.Name,
            Command = context.Command,
            SpecDigest = FileDigests.OfText(SpecWriter.ToYaml(experiment)),
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
            )
            {
                NormsHeadsTogether = context.Info.Decoder.PostNorms,
                Remarks = ModelRemarks.Of(context.Info.Decoder),
            },
            Question = context.Question,
            HasOwnQuestions = context.HasOwnQuestions,
            Measures = context.MeasuresOwnLogit ? ReportData.AdjustedLogit : TargetWords.Of(context.Target),
            Measured = Measured,
            IsDefaultQuestion = context.Question == Prompts.Resolve(Prompts.Default),
            IsPapersQuestion = Prompts.IsPapers(context.Question),
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
            FaithfulnessThreshold = Thresholds?.Spec.Faithfulness ?? PaperThresholds.Faithfulness,
            CompletenessThreshold = Thresholds?.Spec.Completeness ?? PaperThresholds.Completeness,
            Tables = ReportTablesOf(artifacts),
            Links = Links(artifacts),
        };
    }

    /// <summary>
    /// All that figures read: the tables of the stages, their settings, and whether their fits converged. Nothing here
    /// knows which stages there are.
    /// </summary>
    private ReportTables ReportTablesOf(Artifacts artifacts)
    {
        ReportTables tables = ReportTables.Empty.With(SampleRows(artifacts));
        foreach (Stage stage in shown)
        {
            tables = stage.Published(artifacts).Aggregate(tables, (so, table) => table.AddTo(so));
            tables = stage.ReadWith(artifacts).Aggregate(tables, (so, read) => read.Behind.AddTo(so, read.Row));
            tables = tables.WithSettings(context.Experiment.Stages.Single(n => n.Name == stage.Name).Spec);
            if (stage.Convergence(artifacts) is { } fits)
            {
                tables = tables.And(fits);
            }
        }

        return tables;
    }

    private IReadOnlyList<Fact> Facts(Artifacts artifacts)
    {
        var asked = Answers.Asked(artifacts)!;
        var counts = AnswerCounts.Over(asked);
        string share = counts.Judged == 0 ? "" : $" ({Format.Percent((double)counts.Right / counts.Asked)})";
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
            .. context.MeasuresOwnLogit
                ? Array.Empty<Fact>()
                : [new Fact("target", TargetWords.Of(context.Target)), .. MassOf(asked)],
            .. Forward?.SignNote(artifacts) is { } signs ? [new Fact("signs", signs)] : Array.Empty<Fact>(),
            .. QuestionFacts(asked),
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
            .. Forward?.Enough is null ? Array.Empty<Fact>() : [new Fact("masks", Forward.DescribeMasks(artifacts))],
            .. shown.SelectMany(s => s.ChosenSettings).Distinct().Select(s => new Fact(s.What, s.Value)),
            .. context.Pictures.LeftOut.Select(l => new Fact(
                "left out",
                $"{Format.Many(l.Count, "picture")}: {l.Reason}"
            )),
        ];
    }

    /// <summary>Files of questions: what was read, which version of the data it is, and on how many pictures.</summary>
    private IEnumerable<Fact> QuestionFacts(IReadOnlyList<Asked> asked)
    {
        if (context.HasOwnQuestions)
        {
            int pictures = asked
                .Where(a => a.Kept)
                .Select(a => a.Sample.Item.File)
                .Distinct(StringComparer.Ordinal)
                .Count();
            yield return new Fact("pictures of the samples", Format.Count(pictures));
            yield return new Fact("answers are judged by", Spelling.Of(Answers.Match));
        }

        if (context.Pictures.Questions is not { } read)
        {
            yield break;
        }

        foreach (QuestionFile file in read.Files)
        {
            string digest = context.Engine.Digests.Of(file.FullPath);
            yield return new Fact(
                file.Role,
                Invariant.Text($"{file.Name}: {file.Rows} rows, {file.Bytes} bytes, SHA-256 {digest[..12]}…")
            );
        }
    }

    /// <summary>How much of the whole probability answer and counter-answer hold.</summary>
    private static IEnumerable<Fact> MassOf(IReadOnlyList<Asked> asked)
    {
        double[] masses =
        [
            .. asked
                .Where(a => a.Kept)
                .Select(a => a.Target?.Probability + (a.Target?.AgainstProbability ?? 0))
                .OfType<double>()
                .Order(),
        ];
        return masses.Length == 0
            ? []
            :
            [
                new Fact(
                    "probability that is measured",
                    $"{Format.Percent(masses.Average())} of the whole on average, {Format.Percent(masses[0])} at least"
                ),
            ];
    }

    private ReportSample SampleOf(Artifacts artifacts, Sample sample, bool withPicture)
    {
        EndsRow? ends = Forward?.Ends(artifacts, sample);
        MeasuredRow? target = Answers.Asked(artifacts)!.First(a => a.Sample.Id == sample.Id).Target;
        byte[]? seen = shown.OfType<TokenTrace>().SingleOrDefault()?.Seen(artifacts, sample);
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
            Question = sample.Item.Question is null ? null : context.QuestionOf(sample.Item),
            Against = target?.Against,
            Mass = target?.Probability is { } p
                ? Format.Percent(p) + (target.AgainstProbability is { } q ? $" and {Format.Percent(q)}" : "")
                : null,
            Intact = ends?.FIntact ?? double.NaN,
            Ablated = ends?.FAblated ?? double.NaN,
            Masks = Forward?.MaskCountOf(artifacts, sample) ?? 0,
            Picture = withPicture ? PagePicture.Of(sample.Item.Location, PagePicture.Large) : null,
            Thumbnail = seen is null
                ? PagePicture.Of(sample.Item.Location, PagePicture.Small)
                : PagePicture.Of(seen, () => PictureDecoder.Decode(seen, sample.Item.File), PagePicture.Small),
            Seen = seen,
            Object = shown.OfType<TokenTrace>().SingleOrDefault()?.ObjectSeen(artifacts, sample),
        };
    }

    private string Published(string relative) => IsOneOfSeveral ? Path.Combine(Name, relative) : relative;

    /// <summary>The files of all tables that the page is made from, and of its own.</summary>
    private IReadOnlyList<Link> Links(Artifacts artifacts)
    {
        IEnumerable<Stage> stages = Forward is null ? shown : [.. shown, Forward.Masks];
        return
        [
            .. stages
                .OrderBy(s => context.Experiment.Stages.ToList().FindIndex(n => n.Name == s.Name))
                .SelectMany(s =>
                    s.Published(artifacts)
                        .SelectMany(t => LinksTo(s, t.Name, t.InParts))
                        .Concat(
                            s.PublishedFiles(artifacts)
                                .Select(f => new Link(f.Name, FromPage(s.PublishedPath(f.Name)), f.Meaning))
                        )
                ),
            .. new[]
            {
                Tables.Of<KeyNumberRow>().Name,
                Tables.Of<OverviewHeadRow>().Name,
                Tables.Of<OverviewTokenRow>().Name,
                Tables.Of<OverviewPointRow>().Name,
            }.SelectMany(table => LinksTo(this, table, inParts: false)),
        ];
    }

    /// <summary>A path in the run's folder as the page names it.</summary>
    private string FromPage(string path) => IsOneOfSeveral ? "../" + path : path;

    private IEnumerable<Link> LinksTo(Stage stage, string table, bool inParts)
    {
        string path = FromPage(stage.PublishedPath(table)),
            meaning = TableCatalog.MeaningOf(table);
        return inParts
            ? [new Link($"{table}/", $"{path}/", meaning)]
            :
            [
                new Link($"{table}.parquet", $"{path}.parquet", meaning),
                new Link($"{table}.csv", $"{path}.csv", meaning),
            ];
    }
}
