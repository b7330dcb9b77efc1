using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Host.Running;
using Pipelines.Models.Ablation;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using Pipelines.Spec;
using Pipelines.Spec.Reading;
using Pipelines.Stages;
using Pipelines.Stages.Storage;

namespace Pipelines.Host.Commands;

/// <summary>All errors of a spec at once, one line each.</summary>
internal sealed class SpecException(IReadOnlyList<string> lines) : Exception(string.Join(Environment.NewLine, lines))
{
    /// <summary>The lines to show.</summary>
    public IReadOnlyList<string> Lines { get; } = lines;

    /// <summary>The errors of a file.</summary>
    public static SpecException Of(IEnumerable<SpecError> errors) => new([.. errors.Select(Line)]);

    /// <summary>An error with the line that it stands in.</summary>
    public static string Line(SpecError error) =>
        error.Excerpt.Length > 0 ? $"{error}{Environment.NewLine}{error.Excerpt}" : error.ToString();
}

/// <summary>What a command works on: the experiments of a spec, compiled into pipelines, and the store.</summary>
internal sealed class Session : IDisposable
{
    /// <summary>
    /// Models whose weights take less than this are run by one single-threaded worker a core; larger ones by one worker
    /// with all threads.
    /// </summary>
    private const long SmallModelBytes = 256L << 20;

    private readonly Engine engine;
    private readonly FileDigests digests;
    private readonly bool toRead;
    private readonly PictureVerdicts verdicts;

    private readonly List<Pipeline> pipelines = [];
    private readonly List<string> refused = [];

    /// <summary>Plans that were made before anything was run and leave nothing to do.</summary>
    private readonly Dictionary<Pipeline, Plan> done = [];

    private Session(RunOptions options, ReadResult read, IReadOnlyList<SpecError> unreadable, bool toRead)
    {
        Options = options;
        Deadline = Deadline.Of(options.TimeLimit);
        Name = read.Name;
        HasSeveral = read.Experiments.Count > 1 || unreadable.Count > 0;
        Root = Path.GetFullPath(options.Artifacts);
        string cache = Path.Combine(Root, "cache");
        digests = new FileDigests(FileDigests.MemoryIn(cache));
        this.toRead = toRead;
        bool isNew = !Directory.Exists(Root);
        Store = toRead ? ArtifactStore.ToRead(cache, digests) : new ArtifactStore(cache, digests);
        if (!toRead && isNew)
        {
            Console.WriteLine($"artifacts: {Root}");
        }

        var processors = Processors.Read();
        Threads = options.Threads ?? processors.Threads;
        ThreadsChosen = options.Threads is { } asked ? $"{asked} threads, as asked" : processors.Words;
        verdicts = new PictureVerdicts(Path.Combine(cache, "pictures.txt"));
        engine = new Engine(digests, verdicts)
        {
            Runs = new RunFolders(Root),
            Staged = StagedIn(options.StageWeights),
            Device = options.Device,
        };
        try
        {
            Compile(read, unreadable);
        }
        catch
        {
            // Nobody gets this session to dispose of it, and its lease would go on saying that somebody is at work.
            engine.Dispose();
            Store.Dispose();
            throw;
        }

        Jobs = options.Jobs ?? (Pipelines.All(p => WorksOnOneThread(p.Context)) ? Threads : 1);
        engine.ResidentPictures = Jobs;
        Catalog = new Catalog(
            Store,
            string.Join(", ", Pipelines.Select(p => p.Context.Arithmetic.ToString()).Distinct()),
            options.Verify,
            Origin.Here(Threads, Jobs)
        );
        Sharing = toRead
            ? null
            : new Sharing(
                new UnitClaims(cache, Store.Lease.Id, options.Stale, NumericClassOf(Pipelines[0])),
                options.IsWorker
            );
    }

    /// <summary>The command line.</summary>
    public RunOptions Options { get; }

    /// <summary>Name of the spec, without the axes of its matrix.</summary>
    public string Name { get; }

    /// <summary>Folder for cache and runs.</summary>
    public string Root { get; }

    /// <summary>The store.</summary>
    public ArtifactStore Store { get; }

    /// <summary>Units and the store.</summary>
    public Catalog Catalog { get; }

    /// <summary>How work is shared with other processes; null where the store is only looked at.</summary>
    public Sharing? Sharing { get; }

    /// <summary>
    /// One pipeline an experiment of the spec (more than one with a matrix, or where it lists other specs).
    /// </summary>
    public IReadOnlyList<Pipeline> Pipelines => pipelines;

    /// <summary>Whether the spec has several experiments, those included that were refused.</summary>
    public bool HasSeveral { get; }

    /// <summary>What was refused: experiments by name, and specs that have errors.</summary>
    public IReadOnlyList<string> Refused => refused;

    /// <summary>Exit code of a command that finds nothing else wrong: experiments may have been refused.</summary>
    public int Code { get; private set; } = Program.Done;

    /// <summary>When this process will be ended; null = never.</summary>
    public Deadline? Deadline { get; }

    /// <summary>Units computed at the same time.</summary>
    public int Jobs { get; }

    /// <summary>Arithmetic threads altogether.</summary>
    public int Threads { get; }

    /// <summary>How many threads and why, for the log.</summary>
    public string ThreadsChosen { get; }

    /// <summary>Reads the spec and compiles it.</summary>
    /// <param name="options">The command line.</param>
    /// <param name="toRead">The artifacts are only looked at: nothing is written, not even what was learnt of
    /// files.</param>
    /// <exception cref="SpecException">The spec has errors; with <c>--keep-going</c>: none of its experiments can be
    /// run.</exception>
    public static Session Open(RunOptions options, bool toRead = false) => Open(options, Read(options), toRead);

    /// <summary>Compiles a spec that was read before.</summary>
    /// <inheritdoc cref="Open(RunOptions, bool)"/>
    public static Session Open(RunOptions options, ReadResult read, bool toRead = false)
    {
        ReadResult? usable = UsableOf(options, read);
        AskedSettings.Require(options, usable, read.Errors);
        ChooseLibtorch(usable ?? throw SpecException.Of(read.Errors));
        return new Session(options, usable, read.Errors, toRead);
    }

    /// <summary>Reads the spec.</summary>
    public static ReadResult Read(RunOptions options) => ExperimentReader.Read(options.Spec, options.Overrides);

    /// <summary>What can be run of a spec; null where nothing can.</summary>
    public static ReadResult? UsableOf(RunOptions options, ReadResult read) =>
        read.Errors.Count == 0 ? read
        : options.KeepGoing ? read.Rest
        : null;

    /// <summary>
    /// Names the libtorch of all experiments, before any type of TorchSharp is met: from then on it is loaded, once a
    /// process.
    /// </summary>
    private static void ChooseLibtorch(ReadResult read)
    {
        foreach (Experiment experiment in read.Experiments)
        {
            TorchNative.Choose(experiment.Model.Libtorch?.Full, "model.libtorch");
        }
    }

    /// <summary>The class of this process's arithmetic in an experiment.</summary>
    public static string NumericClassOf(Pipeline pipeline)
    {
        Arithmetic arithmetic = pipeline.Context.Arithmetic;
        bool isProcessor = arithmetic.Device.type == TorchSharp.DeviceType.CPU;
        string device = isProcessor ? "" : CudaCard.NameOf(Math.Max(0, arithmetic.Device.index)) ?? "a card";
        return NumericClass.Of(device, arithmetic.Key, Catalog.ArithmeticLibraries);
    }

    /// <summary>How the work on an experiment is shared; null where the store is only looked at.</summary>
    public Sharing? SharingOf(Pipeline pipeline) =>
        Sharing is null
            ? null
            : Sharing with
            {
                Classes = new ClassRule(
                    NumericClassOf(pipeline),
                    pipeline.Experiment.Engine.Mixing ?? MixingKind.Refuse,
                    Store
                ),
            };

    /// <summary>Folder with one folder a run.</summary>
    public string Runs => Path.Combine(Root, "runs");

    /// <summary>What the units of an experiment cost here.</summary>
    public PlanCosts CostsOf(Pipeline pipeline, Reasons reasons, PassTimes? passes = null) =>
        new(pipeline, reasons, Jobs, Threads, passes);

    /// <summary>Watches the memory of an experiment's run, beside what its stages are expected to need.</summary>
    public HighWater HighWaterOf(Pipeline pipeline, Reasons reasons)
    {
        PlanCosts costs = CostsOf(pipeline, reasons);
        IReadOnlyList<MemoryLimit> limits = Room.Of(Root).Limits;
        return new HighWater(kind => costs.MemoryOf(kind), limits.Count > 0 ? limits[0] : null);
    }

    /// <summary>
    /// Refuses, before anything is loaded, experiments that memory or disk have no room for; says so where it is tight.
    /// </summary>
    /// <param name="say">Takes a sentence for people.</param>
    /// <exception cref="InputException">One does not fit, and the command line does not say to try.</exception>
    public void RequireRoom(Action<string> say)
    {
        var planned = new HashSet<string>(StringComparer.Ordinal);
        var reasons = new Reasons(Store, Runs);
        Room room = Room.Of(Root, Options.MemoryShare);
        Admit(pipeline =>
        {
            // Apart, for units of an experiment that is refused are not planned
            var withThis = new HashSet<string>(planned, StringComparer.Ordinal);
            Plan plan = Plan.AsFarAsKnown(pipeline, Catalog, withThis);
            if (plan.IsDone)
            {
                done[pipeline] = plan;
            }

            if (!plan.Work.Values.Any(w => w.Count > 0))
            {
                return;
            }

            PlanCosts costs = CostsOf(pipeline, reasons);
            var totals = PlanTotals.Of(plan.Work, costs, withTime: false);
            if (room.Warning(totals) is { } warning)
            {
                say(warning);
            }

            if (RefusalOf(plan, costs, totals, room) is { } refusal)
            {
                if (!Options.IgnoreLimits)
                {
                    throw refusal;
                }

                say($"Tried all the same (--ignore-limits): {refusal.Message}");
            }

            planned.UnionWith(withThis);
        });
    }

    /// <summary>
    /// Looks for the first experiment of which anything is left to compute but its page, which workers leave to a run.
    /// </summary>
    /// <returns>Its index; null where nothing is left.</returns>
    public int? FindUnfinished()
    {
        for (int i = 0; i < Pipelines.Count; i++)
        {
            var plan = Plan.AsFarAsKnown(Pipelines[i], Catalog, new HashSet<string>(StringComparer.Ordinal));
            bool isDone =
                plan.Stages.Count == Pipelines[i].Stages.Count
                && plan.Stages.Where(s => s.Stage is not WriteReport).All(s => s.Open.Count == 0 && s.WaitsFor is null);
            if (!isDone)
            {
                return i;
            }
        }

        return null;
    }

    /// <summary>What an experiment was expected to hold in memory, and what would hold less; null where nothing is
    /// left to compute.</summary>
    /// <param name="pipeline">The experiment.</param>
    /// <param name="jobs">Units that a process computes at the same time.</param>
    public string? LessMemory(Pipeline pipeline, int jobs)
    {
        Plan plan = Plan.AsFarAsKnown(pipeline, Catalog, new HashSet<string>(StringComparer.Ordinal));
        PlanCosts costs = CostsOf(pipeline, new Reasons(Store, Runs));
        if (costs.Peak(plan.Work, jobs) is not { } peak)
        {
            return null;
        }

        IEnumerable<string> ways = LessThan(plan, costs, jobs, m => m.Total < peak.Memory.Total)
            .Select(w => $"{w.What} ({Sizes.Of(w.Bytes)})");
        return $"{pipeline.Experiment.Name}: about {Sizes.Of(peak.Memory.Total)} a process was expected (stage "
            + $"{peak.Stage}). Less: {string.Join(", or ", ways.Append("fewer devices at a time"))}.";
    }

    /// <summary>
    /// The plan of an experiment, which is about to be run: the one of before, if that left nothing to do and no unit
    /// was lost since.
    /// </summary>
    public Plan PlanToRun(Pipeline pipeline) =>
        done.Remove(pipeline, out Plan? before) && Catalog.Losses == 0
            ? before
            : Plan.Of(pipeline, Catalog, new HashSet<string>(StringComparer.Ordinal));

    /// <summary>
    /// Demands something of every experiment before any begins. With <c>--keep-going</c> one of several that does not
    /// meet it is refused by itself, and the others stay.
    /// </summary>
    /// <param name="demand">Throws where it is not met.</param>
    /// <exception cref="InputException">One does not meet it; with <c>--keep-going</c>: none is left.</exception>
    public void Admit(Action<Pipeline> demand)
    {
        foreach (Pipeline pipeline in pipelines.ToArray())
        {
            try
            {
                Catalog.Rereading(() =>
                {
                    demand(pipeline);
                    return true;
                });
            }
            catch (InputException e) when (GoesOn && pipelines.Count > 1)
            {
                pipelines.Remove(pipeline);
                refused.Add(pipeline.Experiment.Name);
                Console.Error.WriteLine(e.Message);
                Code = Program.BadInput;
            }
        }
    }

    /// <summary>Refuses a model that memory has no room for, whatever is stored.</summary>
    /// <inheritdoc cref="RequireRoom"/>
    public void RequireRoomForModel(Pipeline pipeline, Action<string> say)
    {
        PlanCosts costs = CostsOf(pipeline, new Reasons(Store, Runs));
        var totals = new PlanTotals(1, 0, 1, 0, 0, ("check", costs.MemoryOfCheck)) { MappedFiles = costs.ModelFiles };
        if (Room.Of(Root).Refusal(pipeline.Experiment.Name, totals, []) is not { } refusal)
        {
            return;
        }

        if (!Options.IgnoreLimits)
        {
            throw refusal;
        }

        say($"Tried all the same (--ignore-limits): {refusal.Message}");
    }

    /// <summary>Why there is no room for a plan, with what would need less; null where there is.</summary>
    public InputException? RefusalOf(Plan plan, PlanCosts costs, PlanTotals totals, Room room)
    {
        bool Fits(StageMemory memory) =>
            room.Limits.All(limit => limit.Needed(memory, totals.MappedFiles) <= limit.Bytes);
        return room.Refusal(plan.Pipeline.Experiment.Name, totals, LessThan(plan, costs, Jobs, Fits));
    }

    /// <summary>Ways of needing less memory, the cheapest of each kind that fits.</summary>
    private static List<(string What, long Bytes)> LessThan(
        Plan plan,
        PlanCosts costs,
        int jobs,
        Func<StageMemory, bool> fits
    )
    {
        var others = new List<(string What, long Bytes)>();
        // The first of some ways that fits: they cost more and more time
        void Offer(IEnumerable<(string What, (string Stage, StageMemory Memory)? Peak)> ways)
        {
            if (ways.FirstOrDefault(w => w.Peak is { } peak && fits(peak.Memory)) is { Peak: { } found } way)
            {
                others.Add((way.What, found.Memory.Total));
            }
        }

        Offer(Halved(jobs).Select(n => ($"--jobs {n}", costs.Peak(plan.Work, n))));
        Offer(Halved(costs.Batch).Select(n => ($"--set engine.batch={n}", costs.Peak(plan.Work, jobs, batch: n))));
        if (others.Count == 0)
        {
            Offer(
                Halved(costs.Batch)
                    .Select(n => ($"--jobs 1 --set engine.batch={n}", costs.Peak(plan.Work, 1, batch: n)))
            );
            Offer([("without gradients", costs.Peak(plan.Work, 1, withoutGradients: true))]);
        }

        return others;
    }

    private static IEnumerable<int> Halved(int from)
    {
        for (int n = from / 2; n >= 1; n /= 2)
        {
            yield return n;
        }
    }

    /// <summary>Folder of a run.</summary>
    public string RunFolderOf(Pipeline pipeline) => Path.Combine(Runs, pipeline.Experiment.Name);

    /// <summary>
    /// Works on one experiment: where the spec has several, bad input is said to be in that one. It is begun again
    /// whenever a stored unit that it reads turns out to be lost.
    /// </summary>
    public T Within<T>(Pipeline pipeline, Func<T> body) =>
        Within(pipeline.Experiment.Name, HasSeveral, () => Catalog.Rereading(body));

    /// <summary>
    /// Works on one experiment after the other. With <c>--keep-going</c> bad input in one of several does not keep the
    /// others from their turn.
    /// </summary>
    /// <param name="body">Gives an exit code.</param>
    /// <returns>The worst exit code.</returns>
    public int Each(Func<Pipeline, int> body)
    {
        int code = Code;
        foreach (Pipeline pipeline in Pipelines)
        {
            try
            {
                code = Math.Max(code, Within(pipeline, () => body(pipeline)));
            }
            catch (InputException e) when (GoesOn)
            {
                Console.Error.WriteLine(e.Message);
                code = Program.BadInput;
            }
        }

        return code;
    }

    /// <summary>Whether bad input in one experiment keeps the others from nothing.</summary>
    public bool GoesOn => Options.KeepGoing && HasSeveral;

    /// <summary>
    /// Makes the pipelines. With <c>--keep-going</c> an experiment that is refused is told, and the others go on.
    /// </summary>
    /// <param name="read">The experiments.</param>
    /// <param name="unreadable">What is wrong in others of the spec.</param>
    private void Compile(ReadResult read, IReadOnlyList<SpecError> unreadable)
    {
        var errors = new List<string>(unreadable.Select(SpecException.Line));
        refused.AddRange(unreadable.Select(SpecOf).Distinct(StringComparer.Ordinal));
        foreach ((Experiment experiment, string file) in read.Experiments.Zip(read.Files))
        {
            try
            {
                string command = RunCommand.CommandOf(Options, file);
                pipelines.Add(Within(experiment.Name, HasSeveral, () => Pipeline.Compile(experiment, engine, command)));
            }
            catch (InputException e) when (GoesOn)
            {
                errors.Add(e.Message);
                refused.Add(experiment.Name);
            }
        }

        if (pipelines.Count == 0)
        {
            throw new SpecException(errors);
        }

        foreach (string error in errors)
        {
            Console.Error.WriteLine(Shown.Lines(error));
            Code = Program.BadInput;
        }
    }

    /// <summary>The spec that has an error; the list itself has those of specs that it lists in vain.</summary>
    private string SpecOf(SpecError error) =>
        Path.GetFileName(error.File) is var file && file != Path.GetFileName(Options.Spec)
            ? file
            : "a spec that is not there";

    private static T Within<T>(string experiment, bool oneOfSeveral, Func<T> body)
    {
        try
        {
            return body();
        }
        catch (InputException e) when (oneOfSeveral)
        {
            throw e.In(experiment);
        }
    }

    /// <summary>Demands that the store in which this process works is still there.</summary>
    /// <exception cref="StoreGoneException">It is not.</exception>
    public void RequireStore()
    {
        if (Store.Lease.IsStoreGone())
        {
            throw new StoreGoneException(Store.Root);
        }
    }

    /// <summary>
    /// Gives memory back between two experiments: what the stages of <paramref name="done"/> keep, and the model unless
    /// <paramref name="next"/> runs on it, too.
    /// </summary>
    public void Release(Pipeline done, Pipeline next)
    {
        engine.Release(keepModels: done.Context.HasModelOf(next.Context));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!toRead)
        {
            digests.Save();
            verdicts.Save();
        }

        Sharing?.Claims.Dispose();
        engine.Dispose();
        Store.Dispose();
    }

    /// <summary>Copies of models in a folder that may be named by variables, those of this machine.</summary>
    private StagedModels? StagedIn(string? folder)
    {
        if (folder is null)
        {
            return null;
        }

        if (
            PathText.Full(
                folder,
                Environment.GetEnvironmentVariable,
                Directory.GetCurrentDirectory(),
                out string? problem
            )
            is not { } full
        )
        {
            Console.WriteLine($"The model is not copied to {folder}: {problem}. It is read where it lies.");
            return null;
        }

        return new StagedModels(full, digests, Console.WriteLine);
    }

    /// <summary>
    /// A small model gains nothing from threads inside a pass, and libtorch's products get one: then workers side by
    /// side use the cores.
    /// </summary>
    private static bool WorksOnOneThread(StageContext context) =>
        context.Arithmetic.Device.type == TorchSharp.DeviceType.CPU
        && (
            context.Arithmetic.Linear == LinearChoice.Torch
            || Directory.EnumerateFiles(context.Info.Folder, "*.safetensors").Sum(f => new FileInfo(f).Length)
                < SmallModelBytes
        );
}
