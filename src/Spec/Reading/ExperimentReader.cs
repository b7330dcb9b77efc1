namespace Pipelines.Spec.Reading;

/// <summary>
/// Reads experiments from YAML. Whatever the input, it returns a result: the experiments, or all errors of the file at
/// once.
/// </summary>
public static class ExperimentReader
{
    /// <summary>What errors call a file.</summary>
    private const string What = "spec";

    /// <summary>Specs that may build on each other: more are a circle that grows, or a slip.</summary>
    private const int DeepestBase = 32;

    /// <summary>Reads a spec file.</summary>
    /// <param name="path">The file; paths in it are relative to its folder.</param>
    /// <param name="overrides">Fields set on the command line, as <c>a.b=c</c>, each once. They hold for every
    /// member of a matrix; one that sets an axis replaces the axis.</param>
    /// <param name="environment">Variables for <c>${NAME}</c> in paths; null: those of the process.</param>
    /// <param name="paths">Whether missing models and pictures are errors.</param>
    public static ReadResult Read(
        string path,
        IReadOnlyList<string>? overrides = null,
        IReadOnlyDictionary<string, string>? environment = null,
        PathRule paths = PathRule.MustExist
    )
    {
        ArgumentNullException.ThrowIfNull(path);
        var reading = new Reading(overrides, environment, paths);
        if (YamlFile.Text(path, path, reading.Errors, What) is { } text)
        {
            reading.Document(text, path, System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        }

        return reading.Result();
    }

    /// <summary>Reads a spec from a text.</summary>
    /// <param name="text">YAML.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="folder">Absolute folder that relative paths start from.</param>
    /// <param name="overrides">As for <see cref="Read"/>.</param>
    /// <param name="environment">As for <see cref="Read"/>.</param>
    /// <param name="paths">As for <see cref="Read"/>.</param>
    public static ReadResult Parse(
        string text,
        string name,
        string folder,
        IReadOnlyList<string>? overrides = null,
        IReadOnlyDictionary<string, string>? environment = null,
        PathRule paths = PathRule.MustExist
    )
    {
        var reading = new Reading(overrides, environment, paths);
        reading.Document(text, name, folder);
        return reading.Result();
    }

    /// <summary>What one call reads: one spec, or a spec and those that it lists.</summary>
    private sealed class Reading
    {
        private readonly Func<string, string?> variables;
        private readonly IReadOnlyList<Override> sets;
        private readonly PathRule paths;
        private readonly List<Experiment> experiments = [];
        private readonly List<string> files = [];
        private readonly HashSet<Override> applied = [];

        /// <summary>Experiments that have no error of their own, with their files.</summary>
        private readonly List<(Experiment Experiment, string File)> sound = [];
        private string title = "";

        /// <summary>Errors that are in no single experiment.</summary>
        private int common;

        public Reading(
            IReadOnlyList<string>? overrides,
            IReadOnlyDictionary<string, string>? environment,
            PathRule paths
        )
        {
            variables = environment is null ? Environment.GetEnvironmentVariable : environment.GetValueOrDefault;
            sets = Override.ParseAll(overrides ?? [], Errors);
            this.paths = paths;
        }

        public ErrorList Errors { get; } = new();

        public ReadResult Result() =>
            Errors.Count == 0
                ? new ReadResult(experiments, []) { Files = files, Name = title }
                : new ReadResult([], Errors.Sorted()) { Rest = Rest() };

        /// <summary>What is left without the experiments that have errors.</summary>
        private ReadResult? Rest() =>
            common > 0 || sound.Count == 0
                ? null
                : new ReadResult([.. sound.Select(s => s.Experiment)], [])
                {
                    Files = [.. sound.Select(s => s.File)],
                    Name = title,
                };

        /// <summary>Reads a document: an experiment, or a list of specs.</summary>
        public void Document(string text, string name, string folder)
        {
            if (Root(text, name) is not { } root)
            {
                common = Errors.Count;
                return;
            }

            if (Collection.Is(root))
            {
                title = Collection.Name(root, Errors);
                int before = Errors.Count;
                Listed(root, name, folder);
                if (Errors.Count > before)
                {
                    return;
                }

                foreach (Override set in sets.Where(s => !applied.Contains(s)))
                {
                    common++;
                    Errors.Add(
                        set.At,
                        set.Path,
                        $"none of the listed specs has a stage {ErrorList.Quote(set.StageInside ?? "")}"
                    );
                }

                return;
            }
            if (
                WithBase(root, name, folder, [System.IO.Path.GetFullPath(System.IO.Path.GetFileName(name), folder)]) is
                { } whole
            )
            {
                Members(whole, name, folder, sets, before: 0);
            }

            title = experiments.FirstOrDefault()?.Name?.Split('/')[0] ?? "";
        }

        private YamlMap? Root(string text, string name)
        {
            YamlValue? document = YamlLoader.Load(new SpecSource(name, text), Errors);
            if (document is not null and not YamlMap)
            {
                string what = document is YamlText { IsNull: true }
                    ? "the file holds no value"
                    : $"{document.Described} stands where a mapping is wanted";
                Errors.Add(document.At, "", $"{what}: a spec begins with 'name:', 'model:', 'data:' and 'stages:'");
            }
            return document as YamlMap;
        }

        /// <summary>The document on top of its base, and of the base's base; null where one cannot be read.</summary>
        /// <param name="root">The document.</param>
        /// <param name="name">What errors call its file.</param>
        /// <param name="folder">The folder of all of them.</param>
        /// <param name="open">The files that build on this one, itself included.</param>
        private YamlMap? WithBase(YamlMap root, string name, string folder, IReadOnlyList<string> open)
        {
            if (root.Find(Inheritance.Key) is not { } entry)
            {
                return root;
            }

            root = root.With(entry.Key, null);
            if (root.Find("name") is null)
            {
                Errors.Add(
                    root.At,
                    "name",
                    "the name is missing: under the name of its base this spec would write over the base's run"
                );
            }

            if (entry.Value is not YamlText { IsNull: false } text)
            {
                return Refused(
                    entry,
                    $"{entry.Value.Described} is no spec file",
                    "a spec beside this one, for example 'base: quickstart.yaml'"
                );
            }

            if (PathText.Full(text.Text, variables, folder, out string? problem) is not { } full)
            {
                return Refused(entry, problem!);
            }

            if (Directory.Exists(full))
            {
                return Refused(entry, $"{text.Described} is a folder", "a spec beside this one");
            }

            if (System.IO.Path.GetDirectoryName(full) != System.IO.Path.TrimEndingDirectorySeparator(folder))
            {
                return Refused(
                    entry,
                    $"{text.Described} lies in another folder, where its paths mean other places",
                    "a spec beside this one"
                );
            }

            if (!File.Exists(full))
            {
                return Refused(
                    entry,
                    $"there is no such file (looked for {full})",
                    null,
                    YamlFile.Neighbour(new FileInfo(full))
                );
            }

            if (open.Contains(full))
            {
                return Refused(
                    entry,
                    $"the specs build on each other in a circle: "
                        + $"{string.Join(" <- ", open.Append(full).Select(System.IO.Path.GetFileName))}"
                );
            }

            if (open.Count >= DeepestBase)
            {
                return Refused(entry, $"more than {DeepestBase} specs build on each other");
            }

            string shown = System.IO.Path.Combine(
                System.IO.Path.GetDirectoryName(name) ?? "",
                System.IO.Path.GetFileName(full)
            );
            if (YamlFile.Text(shown, full, Errors, What) is not { } content || Root(content, shown) is not { } parent)
            {
                return null;
            }

            if (Collection.Is(parent))
            {
                return Refused(entry, $"{text.Described} lists specs", "a spec with a model, data and stages");
            }

            return WithBase(parent, shown, folder, [.. open, full]) is { } whole
                ? Inheritance.Merge(whole, root)
                : null;
        }

        private YamlMap? Refused(YamlEntry entry, string what, string? allowed = null, string? near = null)
        {
            Errors.Add(entry.Value.At, entry.Key.Text, what, allowed, near);
            return null;
        }

        private void Listed(YamlMap collection, string name, string folder)
        {
            var listed = Collection.Files(collection, folder, variables, Errors);
            common = Errors.Count;
            foreach ((YamlText place, string file, string full) in listed)
            {
                int errors = Errors.Count;
                string shown = System.IO.Path.IsPathRooted(file)
                    ? file
                    : System.IO.Path.Combine(System.IO.Path.GetDirectoryName(name) ?? "", file);
                if (Directory.Exists(full))
                {
                    Errors.Add(place.At, Collection.Key, $"{place.Described} is a folder", "spec files");
                    continue;
                }
                if (!File.Exists(full))
                {
                    Errors.Add(
                        place.At,
                        Collection.Key,
                        $"there is no such file (looked for {full})",
                        null,
                        YamlFile.Neighbour(new FileInfo(full))
                    );
                    continue;
                }
                if (YamlFile.Text(shown, full, Errors, What) is not { } text || Root(text, shown) is not { } root)
                {
                    continue;
                }

                int before = experiments.Count;
                if (Collection.Is(root))
                {
                    Errors.Add(
                        place.At,
                        Collection.Key,
                        $"{place.Described} lists specs itself",
                        "specs with a model, data and stages"
                    );
                }
                else if (WithBase(root, shown, System.IO.Path.GetDirectoryName(full)!, [full]) is { } whole)
                {
                    Members(
                        whole,
                        shown,
                        System.IO.Path.GetDirectoryName(full)!,
                        [.. sets.Where(s => s.StageInside is not { } stage || HasStage(whole, stage))],
                        errors
                    );
                }

                foreach (
                    Experiment twice in experiments
                        .Skip(before)
                        .Where(e => e.Name is not null && experiments.Take(before).Any(o => o.Name == e.Name))
                        .ToArray()
                )
                {
                    Errors.Add(
                        place.At,
                        Collection.Key,
                        $"{place.Described} has an experiment named '{twice.Name}', as an earlier one has: both "
                            + $"would write to runs/{twice.Name}"
                    );
                    sound.RemoveAll(s => ReferenceEquals(s.Experiment, twice));
                }
            }
        }

        private static bool HasStage(YamlMap root, string stage) =>
            root.Find("stages")?.Value is YamlMap stages && stages.Find(stage) is not null;

        /// <summary>The experiments of a document.</summary>
        /// <param name="root">The document on top of its bases.</param>
        /// <param name="file">What errors call its file.</param>
        /// <param name="folder">Its folder.</param>
        /// <param name="sets">What the command line sets in it.</param>
        /// <param name="before">Errors before the document was read: more are in all of its experiments.</param>
        private void Members(YamlMap root, string file, string folder, IReadOnlyList<Override> sets, int before)
        {
            applied.UnionWith(sets);
            foreach (Override set in sets.Where(s => s.IsOfMatrix))
            {
                root = set.Apply(root, Errors);
            }

            YamlValue? axes = root.Find(Matrix.Key)?.Value;
            foreach (Override set in sets.Where(s => !s.IsOfMatrix))
            {
                if (axes is YamlMap map && map.Find(set.Path) is { } axis)
                {
                    axes = map.Entries.Count == 1 ? null : map.With(axis.Key, null);
                }
            }
            var matrix = Matrix.Read(axes, Errors);
            root = root.With(new YamlText(root.At, Matrix.Key, Quoted: true), null);
            bool wholeIsSound = Errors.Count == before;
            foreach ((IReadOnlyList<Override> points, string suffix) in matrix.Members())
            {
                int own = Errors.Count;
                YamlMap member = root;
                foreach (Override set in points.Concat(sets.Where(s => !s.IsOfMatrix)))
                {
                    member = set.Apply(member, Errors);
                }

                var binder = new Binder(Errors, variables, folder);
                Experiment experiment = binder.Experiment(member);
                if (paths == PathRule.MustExist)
                {
                    new PathChecks(Errors, binder.Places).Check(experiment);
                }

                if (suffix.Length > 0)
                {
                    experiment = experiment with
                    {
                        Name =
                            experiment.Name
                            + (experiment.Name?.Contains('/', StringComparison.Ordinal) == true ? "," : "/")
                            + suffix,
                    };
                }

                experiments.Add(experiment);
                files.Add(file);
                if (wholeIsSound && Errors.Count == own)
                {
                    sound.Add((experiment, file));
                }
            }
        }
    }
}
