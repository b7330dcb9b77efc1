using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Host.Progress;
using Pipelines.Host.Running;
using Pipelines.Stages;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Benchmarks;

/// <summary>
/// Many workers on one store, in one process: the planner, the runner, the claims, the heartbeats and the store are the
/// program's, the work of a unit is a pause and a small file. Shows what sharing costs, and what grows with the
/// workers.
/// </summary>
internal static class ScaleBenchmark
{
    private const int ShardsOfSample = 5; // as 1,000 masks make with shards of 200
    private static readonly int[] Steps = [1, 8, 64, 512];

    private static readonly string[] Heads =
    [
        "workers",
        "samples",
        "  units",
        "twice",
        "seconds",
        "ideal",
        "efficiency",
        "cpu ms/unit",
        " files",
        "claims left",
    ];

    /// <summary>The verb.</summary>
    public static Command Build()
    {
        Option<int> workers = Verb.Number("--workers", "Workers at most; fewer are tried, too: 1, 8, 64.", 512),
            samples = Verb.Number("--samples", "Samples a worker, each of 13 units.", 4),
            milliseconds = Verb.Number("--milliseconds", "What a shard of forward passes takes.", 200);
        var command = new Command(
            "scale",
            "Many workers on one store, with made-up work: units computed twice, files and claims."
        )
        {
            workers,
            samples,
            milliseconds,
        };
        command.SetAction(parsed =>
            Run(parsed.GetValue(workers), parsed.GetValue(samples), parsed.GetValue(milliseconds))
        );
        return command;
    }

    private static int Run(int most, int samplesOfWorker, int milliseconds)
    {
        Console.WriteLine(Machine.Now(1));
        Console.WriteLine(Row(Heads));
        foreach (int workers in Steps.Where(s => s < most).Append(most))
        {
            string root = Directory.CreateTempSubdirectory("pipelines-scale-").FullName;
            try
            {
                Measure(root, workers, workers * samplesOfWorker, milliseconds);
            }
            finally
            {
                Directory.Delete(root, recursive: true);
            }
        }

        return 0;
    }

    private static void Measure(string root, int workers, int samples, int milliseconds)
    {
        var work = new MadeUpWork(samples, milliseconds);
        string cache = Path.Combine(root, "cache");
        using (new ArtifactStore(cache, new FileDigests(null))) { } // its folders: whoever comes first makes them
        // As many as the processes would have: timers of heartbeats and leases wait for nobody else's work
        ThreadPool.SetMinThreads(2 * workers, 2 * workers);
        TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        var failures = new ConcurrentQueue<Exception>();
        Thread[] threads =
        [
            .. Enumerable
                .Range(0, workers)
                .Select(i => new Thread(
                    () => Work(cache, Path.Combine(root, $"{i}.log"), work, i == 0, failures),
                    1 << 20
                )),
        ];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        if (failures.TryPeek(out Exception? failure))
        {
            throw new InvalidOperationException("a worker failed", failure);
        }

        double seconds = clock.Elapsed.TotalSeconds,
            ideal = work.Seconds / workers,
            processor = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalMilliseconds;
        long computed = work.Computed.Values.Sum(c => (long)c);
        int files = Directory.EnumerateFiles(cache, "*", SearchOption.AllDirectories).Count(),
            claims = CountIn(Path.Combine(cache, ".claims"));
        string[] cells =
        [
            Invariant.Text($"{workers}"),
            Invariant.Text($"{samples}"),
            Invariant.Text($"{work.Units}"),
            Invariant.Text($"{computed - work.Units}"),
            Invariant.Text($"{seconds:0.0}"),
            Invariant.Text($"{ideal:0.0}"),
            Invariant.Text($"{ideal / seconds:0.00}"),
            Invariant.Text($"{processor / work.Units:0.0}"),
            Invariant.Text($"{files}"),
            Invariant.Text($"{claims}"),
        ];
        Console.WriteLine(Row(cells));
    }

    /// <summary>Cells below their heads.</summary>
    private static string Row(string[] cells) => string.Join("  ", cells.Select((c, i) => c.PadLeft(Heads[i].Length)));

    private static int CountIn(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Count() : 0;

    /// <summary>One worker, with a store, claims and a heartbeat of its own, as a process has them.</summary>
    /// <summary>A process.</summary>
    /// <param name="cache">The store's folder.</param>
    /// <param name="logFile">Its log.</param>
    /// <param name="work">What there is to do.</param>
    /// <param name="waits">It waits for all that others hold, as a run does; else it is a <c>--worker</c>, which ends
    /// when there is nothing to take.</param>
    /// <param name="failures">What it failed of.</param>
    private static void Work(
        string cache,
        string logFile,
        MadeUpWork work,
        bool waits,
        ConcurrentQueue<Exception> failures
    )
    {
        try
        {
            using var store = new ArtifactStore(cache, new FileDigests(null));
            using var claims = new UnitClaims(cache, store.Lease.Id, TimeSpan.FromMinutes(10));
            using var log = new RunLog(logFile);
            var runner = new Runner(
                new Catalog(store, "none"),
                new LocalExecutor(1, () => { }),
                new Silent(),
                log,
                _ => ["made up"],
                keepGoing: false,
                CancellationToken.None,
                sharing: new Sharing(claims, EndsEarly: !waits)
            );
            runner.Run(work.Stages());
        }
#pragma warning disable CA1031 // thrown again by whoever waits
        catch (Exception e)
#pragma warning restore CA1031
        {
            failures.Enqueue(e);
        }
    }

    /// <summary>
    /// The shape of an experiment: a mean over pictures, and of each sample an answer, shards of passes, a fit and a
    /// scan.
    /// </summary>
    private sealed class MadeUpWork
    {
        private readonly (string Name, IReadOnlyList<Unit> Units)[] stages;

        public MadeUpWork(int samples, int milliseconds)
        {
            string[] pictures =
            [
                .. Enumerable.Range(0, samples).Select(i => FileDigests.OfText(Invariant.Text($"{i}"))),
            ];
            Unit mean = Make("mean", "all", milliseconds, [.. pictures.Take(100)]);
            Unit[] answers = Each((p, _) => Make("answers", p, milliseconds / 4, [p]));
            // About no picture: whatever needs them, anybody may compute them
            Unit[][] masks = [.. pictures.Select(p => Shards("masks", p, milliseconds / 50, []).ToArray())];
            Unit[][] shards =
            [
                .. pictures.Select(
                    (p, i) => Shards("forward", p, milliseconds, [p], s => [mean, answers[i], masks[i][s]]).ToArray()
                ),
            ];
            Unit[] fits = Each((p, i) => Make("fit", p, milliseconds / 20, [], shards[i]));
            stages =
            [
                ("answers", answers),
                ("mean", [mean]),
                ("masks", [.. masks.SelectMany(s => s)]),
                ("forward", [.. shards.SelectMany(s => s)]),
                ("fit", fits),
                ("scan", Each((p, i) => Make("scan", p, milliseconds / 2, [p], fits[i]))),
            ];
            IEnumerable<Unit> Shards(
                string kind,
                string sample,
                int takes,
                string[] about,
                Func<int, Unit[]>? inputs = null
            ) =>
                Enumerable
                    .Range(0, ShardsOfSample)
                    .Select(s => Make(kind, Invariant.Text($"{sample}/{s}"), takes, about, inputs?.Invoke(s) ?? []));
            Unit[] Each(Func<string, int, Unit> make) => [.. pictures.Select(make)];
        }

        /// <summary>How often each unit was computed.</summary>
        public ConcurrentDictionary<string, int> Computed { get; } = new(StringComparer.Ordinal);

        public long Units => stages.Sum(s => (long)s.Units.Count);

        /// <summary>What one worker alone would take if nothing but the work took time.</summary>
        public double Seconds { get; private set; }

        /// <summary>
        /// The stages, for one worker: the units are the same objects, or 512 processes would not fit in one.
        /// </summary>
        public IReadOnlyList<Stage> Stages() =>
            [.. stages.Select(s => new MadeUpStage(s.Name, s.Units) { Name = s.Name })];

        private Unit Make(string kind, string name, int milliseconds, string[] pictures, params Unit[] inputs)
        {
            Seconds += milliseconds / 1e3;
            return new Unit(
                kind,
                1,
                name,
                [new KeyPart.Text("name", name), new KeyPart.Inputs("in", inputs)],
                1,
                "things",
                run =>
                {
                    Computed.AddOrUpdate($"{kind} {name}", 1, (_, count) => count + 1);
                    Thread.Sleep(milliseconds);
                    File.WriteAllText(run.File("data.txt"), name);
                },
                pictures
            );
        }
    }

    private sealed class MadeUpStage(string kind, IReadOnlyList<Unit> units) : Stage
    {
        public override string Kind => kind;

        public override string WorkUnit => "things";

        public override UnitList Units(Artifacts artifacts) => new(units);
    }

    private sealed class Silent : RunProgress
    {
        public override T Show<T>(Func<T> body) => body();

        public override void Stage(string stage, long done, long total, string workUnit) { }

        public override void Advance(string stage, long work) { }

        public override void AtWork(string stage, bool isAtWork) { }

        public override void Finished(string stage, string summary, bool isWhole) { }

        public override void Message(string text) { }
    }
}
