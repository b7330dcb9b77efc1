using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Host.Commands.Completion;
using Pipelines.Host.Planning;
using Pipelines.Host.Progress;
using Pipelines.Host.Running;
using Pipelines.Host.Running.Devices;
using Pipelines.Host.Running.Slurm;
using Pipelines.Models.Tensors;
using Pipelines.Spec.Writing;
using Pipelines.Stages;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;
using Spectre.Console;

namespace Pipelines.Host.Commands;

/// <summary><c>run</c>: compute what is missing, publish tables, figures and the page, and say what came out.</summary>
internal static class RunCommand
{
    /// <summary>
    /// Version of what is written into runs/: raise it when published files change while the units do not.
    /// </summary>
    private const int PublishedVersion = 4;

    /// <summary>Bytes of memory that a person may want to know of.</summary>
    private const long WorthTelling = 1_000_000_000;

    /// <summary>Runs the experiments of a spec.</summary>
    /// <param name="options">The command line.</param>
    /// <returns>Exit code.</returns>
    public static int Execute(RunOptions options)
    {
        using var session = Session.Open(options);
        return Execute(session);
    }

    /// <summary>Runs the experiments of an open session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="fleet">What processes of devices did before; null where there were none.</param>
    /// <returns>Exit code.</returns>
    public static int Execute(Session session, FleetWork? fleet = null)
    {
        var time = new TimeSpent(fleet?.Time);
        using var interruption = new Interruption();
        if (session.Options.IsOfFleet)
        {
            ParentWatch.Begin(Console.OpenStandardInput(), interruption.Ask);
        }

        string[] names = [.. session.Pipelines.Select(p => p.Experiment.Name)];
        session.Admit(p => RunNames.RequireApart(session.Runs, p.Experiment.Name, names));
        session.Store.RemoveLeftovers();
        var damaged = new ConcurrentQueue<string>(); // found before there is a log
        session.Store.Damaged = damaged.Enqueue;
        session.RequireRoom(Console.WriteLine);
        if (session.HasSeveral && !session.Options.IsWorker)
        {
            Overview.Withdraw(session); // also one that is right: it is made again in no time
        }

        var finished = new List<Pipeline>();
        int computed = 0,
            stored = 0,
            code = session.Code;
        for (int i = 0; i < session.Pipelines.Count; i++)
        {
            Pipeline pipeline = session.Pipelines[i];
            if (session.HasSeveral)
            {
                string name = pipeline.Experiment.Name;
                Console.WriteLine(session.Options.IsOfFleet ? new ExperimentBegun(name).ToLine() : $"== {name}");
            }

            try
            {
                int before = session.Catalog.Computed;
                var (outcomes, isWhole, logFile) = session.Within(pipeline, () =>
                    RunOne(session, pipeline, damaged, time, interruption.Token)
                );
                // Of a run that was begun again the last outcomes count what was computed before as cached
                int now = session.Catalog.Computed - before;
                computed += now;
                if (session.Options.IsOfFleet)
                {
                    Console.WriteLine(new UnitsComputed(now).ToLine());
                }

                stored += outcomes.Sum(o => o.Cached + o.Computed) - now;
                if (interruption.Token.IsCancellationRequested)
                {
                    TellStanding(session, i, "Interrupted.", "not begun");
                    return Program.Interrupted;
                }

                if (isWhole)
                {
                    finished.Add(pipeline);
                }

                int failed = outcomes.Sum(o => o.Failures.Count);
                if (!isWhole && failed == 0 && session.Deadline is { IsReached: true } end)
                {
                    Console.WriteLine(end.Words);
                    bool isPlanned =
                        session.Options is { IsWorker: true, IsOfFleet: false, Settings: not null } // was submitted
                        && SlurmCommands.JobHere is not null;
                    string why = isPlanned ? "That is as planned: the jobs behind this one go on." : "Interrupted.";
                    TellStanding(session, i, why, "not begun");
                    return isPlanned ? code : Program.Interrupted; // Slurm would call it failed
                }

                if (!isWhole && failed == 0 && session.Options.IsWorker)
                {
                    Console.WriteLine("What is left is held by other processes: this worker ends.");
                }
                else if (!isWhole)
                {
                    Console.WriteLine(
                        $"{Format.Many(failed, "unit")} failed; {logFile} has the details. What was finished is stored."
                    );
                    code = Math.Max(code, Program.Failed);
                    if (!session.Options.KeepGoing)
                    {
                        break;
                    }
                }
            }
            catch (Exception e)
                when (e is IOException or UnauthorizedAccessException or InputException
                    && session.Store.Lease.IsStoreGone()
                )
            {
                throw new StoreGoneException(session.Store.Root, e);
            }
            catch (InputException e) when (session.GoesOn)
            {
                Console.Error.WriteLine(e.Message); // the other experiments do not depend on this one
                code = Program.BadInput;
            }

            if (i + 1 < session.Pipelines.Count)
            {
                session.Release(pipeline, session.Pipelines[i + 1]);
            }
        }

        if (session.HasSeveral && !session.Options.IsWorker && (code == Program.Done || session.GoesOn))
        {
            Overview.Write(session, finished);
        }

        if (session.Options.IsOfFleet)
        {
            return code; // its parent says what came of all
        }

        int already = fleet?.Computed ?? 0; // found stored here
        (computed, stored) = (computed + already, Math.Max(0, stored - already));

        foreach (string line in time.Lines(session.Jobs))
        {
            Console.WriteLine(line);
        }

        Console.WriteLine(Described(computed, stored, code == Program.Done, time.Elapsed));
        return code;
    }

    /// <summary>Progress as whoever looks on can see it: bars on a terminal, else lines.</summary>
    /// <param name="hidesFinished">There will be more stages than a screen has lines: those that are over scroll
    /// away.</param>
    internal static RunProgress NewProgress(bool hidesFinished = false) =>
        Console.IsOutputRedirected || Console.IsErrorRedirected
            ? new PlainProgress(Console.Out)
            : new LiveProgress(AnsiConsole.Console, hidesFinished);

    /// <summary>Says how far the experiments have come and how to go on.</summary>
    /// <param name="session">The session.</param>
    /// <param name="at">Index of the experiment that was at work.</param>
    /// <param name="why">Why the run ends, in a sentence.</param>
    /// <param name="behind">What the experiments behind it are.</param>
    internal static void TellStanding(Session session, int at, string why, string behind)
    {
        if (session.Options.IsOfFleet)
        {
            return; // its parent does
        }

        Console.WriteLine($"{why} What was finished is stored:");
        IReadOnlyList<Standing> stages = Standing.Of(session.Pipelines[at], session.Catalog);
        int width = stages.Max(s => s.Stage.Length);
        foreach (Standing stage in stages)
        {
            Console.WriteLine($"  {Shown.Name(stage.Stage).PadRight(width)}  {stage.Words}");
        }

        string[] rest = [.. session.Pipelines.Skip(at + 1).Select(p => Shown.Name(p.Experiment.Name))];
        if (rest.Length > 0)
        {
            Console.WriteLine($"  {behind}: {string.Join(", ", rest)}");
        }

        Console.WriteLine($"The same command goes on from there:{Environment.NewLine}  {session.Options.Again}");
    }

    /// <summary>What a run did, in a sentence.</summary>
    /// <param name="computed">Units computed now.</param>
    /// <param name="stored">Units found in the store.</param>
    /// <param name="isWhole">Nothing failed.</param>
    /// <param name="time">Time by the clock.</param>
    internal static string Described(int computed, int stored, bool isWhole, TimeSpan time)
    {
        string seconds = string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.00} s");
        return (computed, isWhole, stored) switch
        {
            (0, true, 1) => $"Nothing to do: the one unit is stored ({seconds}).",
            (0, true, _) => $"Nothing to do: all {Format.Many(stored, "unit")} are stored ({seconds}).",
            _ => $"{Format.Many(computed, "unit")} computed, {Format.Count(stored)} {(stored == 1 ? "was" : "were")} "
                + $"stored ({seconds}).",
        };
    }

    /// <summary>The command that gives the same results again.</summary>
    public static string CommandOf(RunOptions options) => CommandOf(options, options.Spec);

    /// <summary>
    /// The command that gives the results of one spec again, which may be one of those that the command line's spec
    /// lists.
    /// </summary>
    public static string CommandOf(RunOptions options, string spec) =>
        "dotnet run --project src/Host "
        + ShellWords.Word(spec)
        + string.Concat(options.Overrides.Select(o => $" --set {ShellWords.Word(o)}"));

    /// <summary>Fills the run's folder unless it holds these very results.</summary>
    /// <param name="session">The session.</param>
    /// <param name="pipeline">The pipeline, whose units are all there.</param>
    /// <param name="claim">The run.</param>
    /// <param name="plan">The plan of before it was run.</param>
    private static void Publish(Session session, Pipeline pipeline, RunClaim claim, Plan plan)
    {
        Plan now = plan.IsDone ? plan : Plan.Of(pipeline, session.Catalog, new HashSet<string>(StringComparer.Ordinal));
        var units = now.Stages.SelectMany(s => s.Units.Select(u => (s.Stage, Unit: u))).ToList();
        var facts = pipeline.Stages.Select(s =>
            (s.Name, FileDigests.OfText(s.PublishedFacts(session.Catalog.Artifacts)))
        );
        string digest = FileDigests.Combine([
            ($"version {PublishedVersion}", FileDigests.OfText("")),
            .. facts,
            .. units.Select(u => (u.Stage.Name, Fingerprint.Of(u.Unit))),
        ]);
        UnitsMark mark = new UnitsFile(claim.Folder).Replace(units.Select(u => u.Unit));
        RunFolder.Publish(
            claim,
            digest,
            mark,
            session.Store.Leases,
            folder =>
            {
                foreach (var stage in pipeline.Stages)
                {
                    stage.Publish(session.Catalog.Artifacts, folder);
                }

                PublishProvenance(pipeline, folder, Provenance.Of(pipeline, units, session.Store));
            },
            () => session.Sharing!.Claims.Wait(FileDigests.OfText($"publish {pipeline.Experiment.Name}"))
        );
    }

    /// <summary>Writes <c>run.json</c>, and what it says into the pages.</summary>
    private static void PublishProvenance(Pipeline pipeline, RunFolder folder, RunRecord record)
    {
        AtomicFile.Write(folder.Path(RunRecord.FileName), record.ToJson(), flush: false);
        foreach (string page in pipeline.Stages.OfType<WriteReport>().Select(r => r.PublishedPage))
        {
            string above = string.Concat(page.Where(c => c == Path.DirectorySeparatorChar).Select(_ => "../")),
                file = folder.Path(page),
                text = RegularFile.ReadAllText(file);
            AtomicFile.Write(file, ProvenanceBlock.Fill(text, record, above + RunRecord.FileName), flush: false);
        }
    }

    private static RunEnd RunOne(
        Session session,
        Pipeline pipeline,
        ConcurrentQueue<string> damaged,
        TimeSpent time,
        CancellationToken cancel
    )
    {
        try
        {
            return RunLogged(session, pipeline, damaged, time, cancel);
        }
        finally
        {
            session.Store.Damaged = damaged.Enqueue; // the log is closed
        }
    }

    private static RunEnd RunLogged(
        Session session,
        Pipeline pipeline,
        ConcurrentQueue<string> damaged,
        TimeSpent time,
        CancellationToken cancel
    )
    {
        session.RequireStore(); // begun again for what was lost with it, this would begin in an empty one
        string folder = session.RunFolderOf(pipeline);
        using RunClaim claim = RunClaim.Take(folder, SpecWriter.ToYaml(pipeline.Experiment), session.Store);
        try
        {
            return RunClaimed(session, pipeline, claim, damaged, time, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && claim.IsGone)
        {
            session.RequireStore(); // that it went with the store is told by that
            throw new RunGoneException(folder, e);
        }
    }

    private static RunEnd RunClaimed(
        Session session,
        Pipeline pipeline,
        RunClaim claim,
        ConcurrentQueue<string> damaged,
        TimeSpent time,
        CancellationToken cancel
    )
    {
        string folder = claim.Folder;
        string logFile = claim.GrowingFile("log.txt");
        using var log = new RunLog(logFile);
        using var shortages = new ShortageNotes(log);
        log.Write(
            $"run {pipeline.Experiment.Name}: {session.Jobs} jobs, {session.ThreadsChosen}, "
                + $"{pipeline.Context.Arithmetic}"
        );
        RunProgress progress = session.Options.IsOfFleet ? new EventProgress(Console.Out) : NewProgress();
        TellDamage(session, log, progress);
        while (damaged.TryDequeue(out string? found))
        {
            session.Store.Damaged!(found);
        }

        RunFolder.WriteSettings(folder, SpecWriter.ToYaml(pipeline.Experiment));
        // A page before all is there would be computed once more
        IReadOnlyList<Stage> stages = session.Options.IsWorker
            ? [.. pipeline.Stages.Where(s => s is not WriteReport)]
            : pipeline.Stages;
        IReadOnlyList<StageOutcome> outcomes;
        Plan plan;
        HighWater? memory = null;
        try
        {
            var reasons = new Reasons(session.Store, session.Runs);
            plan = session.PlanToRun(pipeline);
            WriteIfNew(
                Path.Combine(folder, "plan.txt"),
                PlanText.Of(plan, reasons, session.CostsOf(pipeline, reasons), everyUnit: true)
            );
            memory = session.HighWaterOf(pipeline, reasons);
            session.Deadline?.Begins(session.CostsOf(pipeline, reasons).TimedSeconds);
            long start = Stopwatch.GetTimestamp();
            outcomes = RunStages(
                session,
                pipeline,
                stages,
                progress,
                log,
                cancel,
                new UnitsFile(folder, claim.GrowingFile(UnitsFile.Name)).Add,
                plan,
                memory
            );
            time.Add(outcomes, Stopwatch.GetElapsedTime(start));
        }
        catch (InputException e)
        {
            PublishUnfinished(session, pipeline, claim, evenPublished: true);
            throw e is NoSampleException
                ? new InputException(
                    e.Where,
                    e.What,
                    $"{e.Remedy} The answers stand in {string.Join(" and ", AnswerTables(pipeline, folder))}.",
                    e
                )
                : e;
        }

        bool isWhole = stages.All(s => outcomes.Any(o => o.Stage == s && o.Whole));
        if (!isWhole)
        {
            session.RequireStore();
        }

        if (session.Options.IsWorker)
        {
            log.Write(isWhole ? "Worker: nothing is left." : "Worker: ended.");
        }
        else if (isWhole)
        {
            Publish(session, pipeline, claim, plan);
            SummaryTable.Print(pipeline, session.Catalog.Artifacts, folder);
            if (session.HasSeveral)
            {
                // Damage in what the overview reads of it is found here, where it can be computed again
                Overview.Of(session, pipeline, folder);
            }
        }
        else
        {
            PublishUnfinished(session, pipeline, claim, evenPublished: false);
        }

        if (memory?.Summary is { } held)
        {
            log.Write(held);
            if (memory.Bytes >= WorthTelling)
            {
                Console.WriteLine(held);
            }
        }

        if (cancel.IsCancellationRequested)
        {
            log.Write("Interrupted. What was finished is stored; the same command goes on from there.");
        }

        return new RunEnd(outcomes, isWhole, logFile);
    }

    /// <summary>What came of an experiment.</summary>
    /// <param name="Outcomes">One a stage that was started.</param>
    /// <param name="IsWhole">All that this process was to do is there.</param>
    /// <param name="LogFile">The log.</param>
    private sealed record RunEnd(IReadOnlyList<StageOutcome> Outcomes, bool IsWhole, string LogFile);

    /// <summary>A plan has a line a unit: to put the same in place of it would take longer than all the rest.</summary>
    private static void WriteIfNew(string path, string text)
    {
        if (!File.Exists(path) || RegularFile.ReadAllText(path) != text)
        {
            AtomicFile.Write(path, text);
        }
    }

    /// <summary>Runs stages of a pipeline.</summary>
    /// <param name="session">The session.</param>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="stages">Some of its stages, each after those it reads.</param>
    /// <param name="progress">What a person sees.</param>
    /// <param name="log">The log.</param>
    /// <param name="cancel">Interrupted.</param>
    /// <param name="known">Told the units of a stage as they become known.</param>
    /// <param name="plan">Their plan, if there is one: where it leaves nothing to do, they are not asked again.</param>
    /// <param name="memory">Looks at memory after each stage.</param>
    /// <returns>One outcome a stage that was started.</returns>
    internal static IReadOnlyList<StageOutcome> RunStages(
        Session session,
        Pipeline pipeline,
        IReadOnlyList<Stage> stages,
        RunProgress progress,
        RunLog log,
        CancellationToken cancel,
        Action<IReadOnlyList<Unit>>? known = null,
        Plan? plan = null,
        HighWater? memory = null
    )
    {
        var reasons = new Reasons(session.Store, session.Runs);
        var executor = new LocalExecutor(session.Jobs, () =>
            WorkerThreads.Use(pipeline.Context.Arithmetic, Math.Max(1, session.Threads / session.Jobs))
        );
        var runner = new Runner(
            session.Catalog,
            executor,
            progress,
            log,
            unit => reasons.Why(unit, pipeline.Experiment.Name),
            session.Options.KeepGoing,
            cancel,
            known,
            memory,
            session.SharingOf(pipeline),
            session.Deadline
        );
        session.Catalog.NumericClass = Session.NumericClassOf(pipeline);
        return progress.Show(() => plan is { IsDone: true } ? runner.Pass(plan) : runner.Run(stages));
    }

    /// <summary>What is found damaged is told in the log and to whoever looks on.</summary>
    /// <param name="session">The session.</param>
    /// <param name="log">The log.</param>
    /// <param name="progress">What a person sees.</param>
    internal static void TellDamage(Session session, RunLog log, RunProgress progress) =>
        session.Store.Damaged = text =>
        {
            log.Write(text);
            progress.Message(text);
        };

    /// <summary>Leaves the answers of a run that stopped: they are what a person needs to see then.</summary>
    private static void PublishUnfinished(Session session, Pipeline pipeline, RunClaim claim, bool evenPublished) =>
        RunFolder.Leave(claim, evenPublished, session.Store.Leases, folder =>
        {
            try
            {
                foreach (Stage stage in pipeline.Stages)
                {
                    stage.Publish(stage.PublishedUnfinished(session.Catalog.Artifacts), folder);
                }
            }
            catch (InputException)
            {
                // What keeps the answers from being read is what the run is refused for, and that is told.
            }
        });

    private static IEnumerable<string> AnswerTables(Pipeline pipeline, string folder) =>
        pipeline
            .Stages.OfType<AnswerQuestions>()
            .Select(a => Path.Combine(folder, a.PublishedPath(Tables.Of<SampleRow>().Name) + ".csv"))
            .Where(File.Exists);
}
