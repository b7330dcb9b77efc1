using System.Collections.Concurrent;
using Pipelines.Host.Planning;
using Pipelines.Spec.Writing;
using Pipelines.Stages;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>Where a run's results come from, read from the manifests of its units and from what these read.</summary>
internal static class Provenance
{
    /// <summary>Begins the names of the key parts that a model's files make.</summary>
    private const string ModelPart = "model.";

    /// <summary>Decimals of seconds.</summary>
    private const int Milliseconds = 3;

    /// <summary>The record of a run whose units are all stored.</summary>
    /// <param name="pipeline">The experiment.</param>
    /// <param name="units">Its units by stage; one that several name counts for the first.</param>
    /// <param name="store">Holds them.</param>
    public static RunRecord Of(Pipeline pipeline, IEnumerable<(Stage Stage, Unit Unit)> units, ArtifactStore store)
    {
        (Stage Stage, Unit Unit)[] each = [.. units.DistinctBy(u => Fingerprint.Of(u.Unit))];
        Made[] made =
        [
            .. each.AsParallel()
                .AsOrdered()
                .Select(u => (u.Stage, u.Unit, Manifest: store.ManifestOf(u.Unit.Kind, Fingerprint.Of(u.Unit))))
                .Where(u => u.Manifest is not null) // another process may be collecting garbage
                .Select(u => new Made(u.Stage.Name, u.Unit, u.Manifest!)),
        ];
        Made? last = made.MaxBy(m => m.Manifest.Finished);
        Maker[] makers = [.. made.Select(m => m.Maker).DistinctBy(TextOf)];
        var numbers = makers.Select((m, i) => (Text: TextOf(m), i)).ToDictionary(m => m.Text, m => m.i);
        var (model, annotations, pictures) = FilesOf(pipeline, each.Select(u => u.Unit), store.Digests);
        string settings = SpecWriter.ToYaml(pipeline.Experiment);
        return new RunRecord(
            pipeline.Experiment.Name,
            pipeline.Context.Command,
            last?.Maker.Program ?? ProgramVersion.Unknown,
            last?.Maker.Commit ?? ProgramVersion.Unknown,
            last?.Manifest.Finished ?? DateTime.UnixEpoch,
            new RecordedFile(
                RunFolder.SettingsFile,
                System.Text.Encoding.UTF8.GetByteCount(settings),
                FileDigests.OfText(settings)
            ),
            model,
            annotations,
            pictures,
            makers,
            [
                .. made.GroupBy(m => (m.Stage, m.Unit.Kind, m.Unit.Version, m.Unit.WorkUnit))
                    .Select(g => new StageRecord(
                        g.Key.Stage,
                        g.Key.Kind,
                        g.Key.Version,
                        g.Count(),
                        g.Sum(m => m.Manifest.Work),
                        g.Key.WorkUnit,
                        [
                            .. g.GroupBy(m => numbers[TextOf(m.Maker)])
                                .OrderBy(b => b.Key)
                                .Select(b => ComputedBy(b.Key, [.. b], last!.Manifest.Origin?.Started)),
                        ]
                    )),
            ]
        )
        {
            ClassesMeet = ClassMeeting.Of(
                made.Where(m => m.Unit.Pictures.Count > 0 && !m.Unit.AnyClass && m.Manifest.NumericClass is not null)
                    .Select(m => (m.Manifest.NumericClass!, m.Stage, SampleOf(m.Unit)))
            ),
        };
    }

    /// <summary>The sample that a unit's name begins with; null of a unit over many.</summary>
    private static string? SampleOf(Unit unit) =>
        unit.Picture is null ? null
        : unit.Name.LastIndexOf('/') is > 0 and var slash ? unit.Name[..slash]
        : unit.Name;

    /// <summary>Time by the clock while at least one of some spans of time went on.</summary>
    internal static double Covered(IEnumerable<(DateTime From, DateTime To)> spans)
    {
        double seconds = 0;
        DateTime end = DateTime.MinValue;
        foreach (var (from, to) in spans.OrderBy(s => s.From))
        {
            DateTime begin = from > end ? from : end;
            if (to > begin)
            {
                seconds += (to - begin).TotalSeconds;
                end = to;
            }
        }

        return seconds;
    }

    private static Computed ComputedBy(int maker, IReadOnlyList<Made> made, DateTime? lastProcess)
    {
        double wall = Math.Round(Covered(made.Select(m => (m.Begun, m.Manifest.Finished))), Milliseconds);
        long work = made.Sum(m => m.Manifest.Work);
        return new Computed(
            maker,
            made.Count,
            made.Count(m => m.Manifest.Origin?.Started != lastProcess),
            work,
            made.Min(m => m.Begun),
            made.Max(m => m.Manifest.Finished),
            wall,
            Math.Round(made.Sum(m => m.Manifest.Seconds), Milliseconds),
            wall > 0 ? Math.Round(work / wall, 3) : 0
        );
    }

    /// <summary>The files that the units read, and what each is of: a model, annotations, or a picture.</summary>
    private static (
        IReadOnlyList<RecordedFile> Model,
        IReadOnlyList<RecordedFile> Annotations,
        RecordedPictures Pictures
    ) FilesOf(Pipeline pipeline, IEnumerable<Unit> units, FileDigests digests)
    {
        HashSet<string> labels = [.. pipeline.Context.LabelFiles.Select(Path.GetFullPath)];
        ILookup<Role, string> files = FilesRead(units)
            .Where(f => File.Exists(f.Path))
            .ToLookup(
                f =>
                    labels.Contains(f.Path) ? Role.Annotations
                    : f.IsOfModel ? Role.Model
                    : Role.Picture,
                f => f.Path
            );
        IReadOnlyList<RecordedFile> Record(Role role, Func<string, string> name) =>
            [
                .. files[role]
                    .Select(f => new RecordedFile(name(f), new FileInfo(f).Length, digests.Of(f)))
                    .OrderBy(f => f.File, StringComparer.Ordinal),
            ];
        string folder = FolderOfAll([.. files[Role.Picture]]);
        IReadOnlyList<RecordedFile> pictures = Record(Role.Picture, f =>
            Path.GetRelativePath(folder, f).Replace(Path.DirectorySeparatorChar, '/')
        );
        string sums = string.Concat(pictures.Select(p => $"{p.Sha256}  {p.File}\n"));
        return (
            Record(Role.Model, f => Path.GetFileName(f)),
            Record(Role.Annotations, f => Path.GetFileName(f)),
            new RecordedPictures(pictures.Count, FileDigests.OfText(sums), pictures)
        );
    }

    /// <summary>Every file that a unit read, once; it is of a model where it is so to one of them.</summary>
    private static IEnumerable<(string Path, bool IsOfModel)> FilesRead(IEnumerable<Unit> units)
    {
        var found = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        units
            .AsParallel()
            .ForAll(unit =>
            {
                foreach (KeyPart.Digest part in unit.Parts.OfType<KeyPart.Digest>())
                {
                    bool isOfModel = part.Name.StartsWith(ModelPart, StringComparison.Ordinal);
                    foreach (string file in part.Files)
                    {
                        found.AddOrUpdate(Path.GetFullPath(file), isOfModel, (_, before) => before || isOfModel);
                    }
                }
            });
        return found.Select(f => (f.Key, f.Value));
    }

    /// <summary>The deepest folder that holds all files; empty where there are none.</summary>
    private static string FolderOfAll(IReadOnlyList<string> files)
    {
        string folder = files.Count == 0 ? "" : Path.GetDirectoryName(files[0])!;
        while (
            Path.GetDirectoryName(folder) is { } above
            && !files.All(f => f.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        )
        {
            folder = above;
        }

        return folder;
    }

    /// <summary>
    /// All that a maker is, for two that are the same: records compare the libraries, a dictionary, by reference.
    /// </summary>
    private static string TextOf(Maker maker) => $"{maker with { Libraries = NoLibraries }} {TextOf(maker.Libraries)}";

    private static string TextOf(IReadOnlyDictionary<string, string> libraries) =>
        string.Join(' ', libraries.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key} {l.Value}"));

    private static readonly IReadOnlyDictionary<string, string> NoLibraries = new Dictionary<string, string>();

    private enum Role
    {
        Model,
        Annotations,
        Picture,
    }

    /// <summary>A unit and what its manifest says.</summary>
    private sealed record Made(string Stage, Unit Unit, Manifest Manifest)
    {
        public DateTime Begun => Manifest.Finished - TimeSpan.FromSeconds(Math.Max(0, Manifest.Seconds));

        public Maker Maker { get; } = MakerOf(Manifest);

        private static Maker MakerOf(Manifest manifest)
        {
            Origin? origin = manifest.Origin;
            var program = ProgramVersion.Parse(
                origin?.Program ?? manifest.Libraries.GetValueOrDefault("pipelines") ?? ProgramVersion.Unknown
            );
            return new Maker(
                program.Version,
                program.Commit,
                origin?.Machine ?? ProgramVersion.Unknown,
                origin?.Processor ?? ProgramVersion.Unknown,
                origin?.System ?? ProgramVersion.Unknown,
                manifest.Device,
                origin?.Threads,
                origin?.Jobs,
                manifest.Libraries
            );
        }
    }
}
