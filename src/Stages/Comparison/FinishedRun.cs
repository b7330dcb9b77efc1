using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Spec;
using Pipelines.Spec.Reading;
using Pipelines.Spec.Writing;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Comparison;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// The folder of a run that is done: its settings and its tables. Neither the cache nor the model is touched.
/// </summary>
public sealed class FinishedRun
{
    private const string TablesFolder = "tables/",
        TableExtension = ".parquet";
    private const string Again = "Run the experiment again: what is stored is not computed anew.";
    private readonly Experiment experiment;
    private readonly PublishedFiles files;

    private FinishedRun(string name, string folder, Experiment experiment, PublishedFiles files)
    {
        Folder = folder;
        this.experiment = experiment;
        this.files = files;
        Card = new RunCard(
            name,
            folder,
            Path.GetFileName(experiment.Model.Path.Full.TrimEnd('/', '\\')),
            [.. SettingsTable.Of(experiment).Where(s => s.Path != "name").Select(s => new RunSetting(s.Path, s.Value))],
            [.. experiment.Stages.Select(s => new RunStage(s.Name, s.Spec.StageKind))]
        )
        {
            Measures = experiment.Target is { Kind: TargetKind.Logit, Whose: TargetOf.ModelAnswer }
                ? ReportData.AdjustedLogit
                : TargetWords.Of(experiment.Target),
            ClassesMeet = MeetingIn(Path.Combine(folder, RunRecord.FileName)),
        };
    }

    private static string? MeetingIn(string record)
    {
        try
        {
            return RunRecord.FromJson(RegularFile.ReadAllBytes(record)).ClassesMeet?.ToString();
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or IOException or UnauthorizedAccessException)
        {
            return null; // a run of a version that left no record, or one that is damaged: nothing is known
        }
    }

    /// <summary>Its folder.</summary>
    public string Folder { get; }

    /// <summary>Name, settings and stages.</summary>
    public RunCard Card { get; }

    /// <summary>Opens a run.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="name">What it is called in the comparison.</param>
    /// <exception cref="InputException">The folder is none of a run that is done.</exception>
    public static FinishedRun Open(string folder, string name)
    {
        string settings = Path.Combine(folder, RunFolder.SettingsFile);
        PublishedFiles files = PublishedFiles.Read(folder) ?? throw NotWhole(folder);
        if (files.ProblemOf(RunFolder.SettingsFile) is { } problem)
        {
            throw NoSettings(settings, problem);
        }

        ReadResult read = ExperimentReader.Read(
            settings,
            environment: new Dictionary<string, string>(),
            paths: PathRule.MayBeMissing
        );
        if (read.Ok && read.Experiments.Count == 1)
        {
            return new FinishedRun(name, folder, read.Experiments[0], files);
        }

        throw NoSettings(
            settings,
            read.Ok
                ? $"it holds {read.Experiments.Count} experiments."
                : $"{read.Errors[0].Line}:{read.Errors[0].Column}: {read.Errors[0].Message}".Replace(
                    "0:0: ",
                    "",
                    StringComparison.Ordinal
                )
        );
    }

    private static InputException NoSettings(string settings, string why) =>
        new(
            settings,
            $"does not hold the settings of a run ({why.TrimEnd('.')}).",
            $"It was changed by hand, cut short, or written by another version of the program. {Again}"
        );

    private static InputException NotWhole(string folder) =>
        Directory.Exists(Path.Combine(folder, "tables"))
            ? new(
                folder,
                $"has no {PublishedFiles.FileName}, by which its files are checked, or a damaged one: the run was "
                    + $"not finished, was written by an earlier version of the program, or was copied without it.",
                $"Copy that file, too, or run the experiment again: what is stored is not computed anew."
            )
            : new(folder, "has no tables: the run was not finished.", "Run the experiment to its end first.");

    /// <summary>
    /// Tables of one file, below <c>tables/</c> and without extension: <c>fits</c>, or <c>STAGE/fits</c>.
    /// </summary>
    public IReadOnlyList<string> TableNames =>
        [
            .. files
                .Files.Where(f =>
                    f.StartsWith(TablesFolder, StringComparison.Ordinal)
                    && f.EndsWith(TableExtension, StringComparison.Ordinal)
                )
                .Select(f => f[TablesFolder.Length..^TableExtension.Length])
                .Where(f => Tables.Published.ContainsKey(Path.GetFileName(f)))
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>The file of a table.</summary>
    /// <param name="table">One of <see cref="TableNames"/>.</param>
    /// <exception cref="InputException">It is not the file that the run left.</exception>
    public string TableFile(string table)
    {
        string relative = TablesFolder + table + TableExtension;
        string path = Path.Combine(Folder, relative);
        return files.ProblemOf(relative) is { } problem ? throw new InputException(path, problem, Again) : path;
    }

    /// <summary>
    /// The part files of tables that are folders, by the table's name below <c>tables/</c>: <c>masks</c>, or
    /// <c>STAGE/masks</c>; null for a table whose parts are not there, as the store that they lay in is not.
    /// </summary>
    internal IReadOnlyDictionary<string, IReadOnlyList<TablePartFile>?> TablesInParts =>
        files
            .Links.Where(l => l.Key.StartsWith(TablesFolder, StringComparison.Ordinal))
            .GroupBy(l => l.Key[TablesFolder.Length..l.Key.LastIndexOf('/')], StringComparer.Ordinal)
            .Where(t => Tables.PublishedInParts.ContainsKey(Path.GetFileName(t.Key)))
            .ToDictionary(
                t => t.Key,
                t =>
                    t.All(l => IsThere(Path.Combine(Folder, l.Key)))
                        ? (IReadOnlyList<TablePartFile>)
                            [
                                .. t.OrderBy(l => l.Key, StringComparer.Ordinal)
                                    .Select(l => new TablePartFile(
                                        Path.GetFileName(l.Key),
                                        Path.Combine(Folder, l.Key),
                                        l.Value.ToString()
                                    )),
                            ]
                        : null,
                StringComparer.Ordinal
            );

    /// <summary>A link is there where the store is not; what it leads to has to be.</summary>
    private static bool IsThere(string path)
    {
        try
        {
            var file = new FileInfo(path);
            return file.Exists && (file.ResolveLinkTarget(returnFinalTarget: true)?.Exists ?? true);
        }
        catch (IOException) // links in a circle
        {
            return false;
        }
    }

    /// <summary>The <c>forward-passes</c> stages.</summary>
    public IReadOnlyList<string> ForwardStages => Names<ForwardPassesSpec>();

    /// <summary>The <c>regress</c> stages.</summary>
    public IReadOnlyList<string> FitStages => Names<RegressSpec>();

    /// <summary>The <c>validate</c> stages.</summary>
    public IReadOnlyList<string> ScanStages => Names<ValidateSpec>();

    /// <summary>The <c>token-trace</c> stages.</summary>
    public IReadOnlyList<string> TraceStages => Names<TokenTraceSpec>();

    /// <summary>The pictures that a <c>forward-passes</c> stage was asked about.</summary>
    public IReadOnlyList<SampleRow> Samples(string stage)
    {
        string path = PathOf(stage, Tables.Of<SampleRow>().Name);
        var rows = Tables.Of<SampleRow>().Read(path);
        if (rows.GroupBy(r => r.SampleId).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw Damaged(path, $"holds the sample '{twice.Key}' twice");
        }

        return rows;
    }

    /// <summary>What a <c>regress</c> stage gave.</summary>
    public FitResults Fit(string stage)
    {
        var samples = SamplesOf(stage);
        string fitsPath = PathOf(stage, Tables.Of<FitRow>().Name),
            betaPath = PathOf(stage, Tables.Of<AttributionRow>().Name);
        var fits = BySample(fitsPath, Tables.Of<FitRow>().Read(fitsPath), r => r.SampleId, samples)
            .ToDictionary(
                f => f.Key,
                f => f.Value.Length == 1 ? f.Value[0] : throw Damaged(fitsPath, $"holds the sample '{f.Key}' twice"),
                StringComparer.Ordinal
            );
        var (layers, heads, beta) = Beta(
            betaPath,
            BySample(betaPath, Tables.Of<AttributionRow>().Read(betaPath), r => r.SampleId, samples)
        );
        return new FitResults(
            stage,
            samples,
            layers,
            heads,
            fits.ToDictionary(f => f.Key, f => f.Value.R2 ?? double.NaN, StringComparer.Ordinal),
            fits.ToDictionary(f => f.Key, f => f.Value.Rho ?? double.NaN, StringComparer.Ordinal),
            beta
        );
    }

    /// <summary>What a <c>validate</c> stage gave.</summary>
    public ScanResults Scan(string stage)
    {
        var samples = SamplesOf(stage);
        string path = PathOf(stage, Tables.Of<ValidationRow>().Name);
        var rows = Tables.Of<ValidationRow>().Read(path);
        int heads = HeadCount(stage);
        bool isOnGrid = false;
        foreach (
            var scan in BySample(path, rows, r => r.SampleId, samples)
                .SelectMany(s => s.Value.GroupBy(r => (r.SampleId, r.Criterion, r.Seed)))
        )
        {
            // By what is there: what a spec that does not say it stands for was another thing in earlier versions
            int[] places = [.. scan.Select(r => r.K).Order()];
            bool hasEvery = places.SequenceEqual(Enumerable.Range(0, places.Length));
            isOnGrid |= !hasEvery;
            if (
                !(hasEvery || places.SequenceEqual(ScanGrid.Places(heads)))
                || !scan.All(r => double.IsFinite(r.Faithfulness) && double.IsFinite(r.Completeness))
            )
            {
                throw Damaged(path, $"has no whole scan of the sample '{scan.Key.SampleId}' by '{scan.Key.Criterion}'");
            }
        }

        var spec = (ValidateSpec)Node(stage).Spec;
        var results = new ScanResults(stage, samples, heads, spec.Faithfulness, spec.Completeness, rows);
        return isOnGrid
            ? results with
            {
                Refined = Refined(stage, samples),
                RefinedFaithfulness = spec.Asked(ValidationQuantity.Faithfulness),
                RefinedCompleteness = spec.Asked(ValidationQuantity.Completeness),
            }
            : results;
    }

    private IReadOnlyList<RefinedRow> Refined(string stage, IReadOnlyList<SampleRow> samples)
    {
        string path = PathOf(stage, Tables.Of<RefinedRow>().Name);
        var rows = Tables.Of<RefinedRow>().Read(path);
        _ = BySample(path, rows, r => r.SampleId, samples);
        return rows;
    }

    /// <summary>What a <c>token-trace</c> stage gave.</summary>
    public TraceResults Trace(string stage)
    {
        var samples = SamplesOf(stage);
        string tracePath = PathOf(stage, Tables.Of<TokenTraceRow>().Name),
            textPath = PathOf(stage, Tables.Of<TextTokenRow>().Name),
            imagePath = PathOf(stage, Tables.Of<ImageTokenRow>().Name);
        var traces = BySample(tracePath, Tables.Of<TokenTraceRow>().Read(tracePath), r => r.SampleId, samples);
        var text = BySample(textPath, Tables.Of<TextTokenRow>().Read(textPath), r => r.SampleId, samples);
        if (traces.Keys.FirstOrDefault(id => !text.ContainsKey(id)) is { } missing)
        {
            throw Damaged(textPath, $"has no text token of the sample '{missing}'");
        }

        return new TraceResults(
            stage,
            samples,
            traces.ToDictionary(t => t.Key, t => t.Value[0], StringComparer.Ordinal),
            text.ToDictionary(t => t.Key, t => t.Value.OrderBy(r => r.Position).ToArray(), StringComparer.Ordinal),
            BySample(imagePath, Tables.Of<ImageTokenRow>().Read(imagePath), r => r.SampleId, samples)
                .ToDictionary(t => t.Key, t => t.Value.OrderBy(r => r.Token).ToArray(), StringComparer.Ordinal)
        );
    }

    private StageNode Node(string stage) => experiment.Stages.First(s => s.Name == stage);

    private string[] Names<TSpec>()
        where TSpec : StageSpec => [.. experiment.Stages.Where(s => s.Spec is TSpec).Select(s => s.Name)];

    /// <summary>The samples that a stage works on: those of the forward passes that it reads.</summary>
    private IReadOnlyList<SampleRow> SamplesOf(string stage) => Samples(Node(stage).Inputs["forward"]);

    /// <summary>
    /// A table of a stage: <c>tables/NAME</c>, or <c>tables/STAGE/NAME</c> where the run has several stages of the
    /// kind.
    /// </summary>
    private string PathOf(string stage, string table)
    {
        Type kind = Node(stage).Spec.GetType();
        bool several = experiment.Stages.Count(s => s.Spec.GetType() == kind) > 1;
        string relative = Path.Combine("tables", several ? stage : "", table + ".parquet"),
            path = Path.Combine(Folder, relative);
        if (!File.Exists(path))
        {
            throw new InputException(
                path,
                $"is missing: the stage '{stage}' should have left it there.",
                $"The run was not finished, or the file was removed. {Again}"
            );
        }

        return files.ProblemOf(relative) is { } problem
            ? throw new InputException(
                path,
                problem,
                $"It is damaged, was changed by hand, or is another run's. {Again}"
            )
            : path;
    }

    /// <summary>Rows by sample; every sample must be one that was kept.</summary>
    private static Dictionary<string, TRow[]> BySample<TRow>(
        string path,
        IReadOnlyList<TRow> rows,
        Func<TRow, string> sample,
        IReadOnlyList<SampleRow> samples
    )
    {
        var bySample = rows.GroupBy(sample).ToDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);
        HashSet<string> kept = [.. samples.Where(SampleOverlap.IsKept).Select(s => s.SampleId)];
        if (bySample.Keys.FirstOrDefault(id => !kept.Contains(id)) is { } unknown)
        {
            throw Damaged(path, $"is about a sample '{unknown}' that the table samples has not kept");
        }

        return bySample;
    }

    /// <summary>
    /// L, H and the beta of every sample [L * H]. Counts are checked before anything is made of them.
    /// </summary>
    private static (int Layers, int Heads, Dictionary<string, double[]> Beta) Beta(
        string path,
        Dictionary<string, AttributionRow[]> rows
    )
    {
        if (rows.Count == 0)
        {
            return (0, 0, []);
        }

        AttributionRow[] all = [.. rows.Values.SelectMany(r => r)];
        int layers = all.Max(r => r.Layer) + 1,
            heads = all.Max(r => r.Head) + 1;
        var beta = new Dictionary<string, double[]>(StringComparer.Ordinal);
        foreach (var (sample, own) in rows)
        {
            bool whole =
                own.Length == (long)layers * heads
                && own.All(r => r.Layer >= 0 && r.Head >= 0 && double.IsFinite(r.Beta))
                && own.DistinctBy(r => (r.Layer, r.Head)).Count() == own.Length;
            if (!whole)
            {
                throw Damaged(
                    path,
                    $"does not have one beta for each of {layers} x {heads} heads of the sample '{sample}'"
                );
            }

            beta[sample] = new double[own.Length];
            foreach (AttributionRow row in own)
            {
                beta[sample][(row.Layer * heads) + row.Head] = row.Beta;
            }
        }

        return (layers, heads, beta);
    }

    /// <summary>Heads of the model: every head has a place in every order.</summary>
    private int HeadCount(string stage)
    {
        string path = PathOf(stage, "rankings");
        int layers = 0,
            heads = 0;
        foreach (var group in ParquetFile.Groups(path))
        {
            layers = Math.Max(layers, group.Numbers<int>("layer").Max() + 1);
            heads = Math.Max(heads, group.Numbers<int>("head").Max() + 1);
        }

        return layers * (long)heads is > 0 and < int.MaxValue and var count
            ? (int)count
            : throw Damaged(path, "has no order of heads");
    }

    private static InputException Damaged(string path, string what) =>
        new(path, what + ".", $"The file is damaged or belongs to another run: delete it. {Again}");
}
