using System.CommandLine;
using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Host.Progress;
using Pipelines.Host.Running;
using Pipelines.Stages;
using Pipelines.Stages.Storage;
using Spectre.Console;

namespace Pipelines.Host.Commands;

/// <summary>
/// <c>ask</c>: what the model answers, picture by picture. The answers are those of a run, stored where it finds them;
/// its folder is left alone.
/// </summary>
internal static class AskCommand
{
    private const string LogFile = "ask.log";

    /// <summary>The command with its options.</summary>
    public static Command Build(SharedOptions options)
    {
        var pictures = new Option<int?>("--pictures", "-n")
        {
            Description =
                "Show the first N pictures only (default: as many as the spec asks about until enough answers "
                + "are right).",
            HelpName = "N",
        };
        pictures.Validators.Add(result => SharedOptions.AtLeastOne(result, pictures));
        var command = new Command(
            "ask",
            "Ask the question and print picture, answer, expected category and verdict as a table. The answers are "
                + "stored: a run does not ask again, until gc removes what no run has used."
        )
        {
            options.RequiredSpec,
            pictures,
        };
        options.AddTo(command);
        command.SetAction(parsed => Execute(options.Read(parsed), parsed.GetValue(pictures)));
        return command;
    }

    /// <summary>Asks what is not stored and prints the answers of every experiment of the spec.</summary>
    /// <returns>Exit code.</returns>
    private static int Execute(RunOptions options, int? pictures)
    {
        using var session = Session.Open(options);
        session.Admit(pipeline =>
        {
            if (!pipeline.Stages.OfType<AnswerQuestions>().Any())
            {
                throw new InputException(
                    options.Spec,
                    $"{pipeline.Experiment.Name} has no stage that asks.",
                    "Add one: answers: { stage: answer-questions }."
                );
            }
        });

        using var interruption = new Interruption();
        session.Store.RemoveLeftovers();
        using var log = new RunLog(Path.Combine(session.Root, LogFile));
        using var shortages = new ShortageNotes(log);
        Pipeline? before = null;
        int code = session.Each(pipeline =>
        {
            if (interruption.Token.IsCancellationRequested)
            {
                return Program.Interrupted;
            }

            if (before is not null)
            {
                session.Release(before, pipeline);
            }

            before = pipeline;
            int failed = Ask(session, pipeline, pictures, log, interruption.Token);
            return interruption.Token.IsCancellationRequested ? Program.Interrupted
                : failed > 0 ? Program.Failed
                : Program.Done;
        });
        if (code == Program.Interrupted)
        {
            Console.Error.WriteLine("Interrupted. What was answered is stored; the same command goes on from there.");
        }

        if (code == Program.Failed)
        {
            Console.Error.WriteLine(
                $"Not every picture was asked about; {Path.Combine(session.Root, LogFile)} has the details."
            );
        }

        return code;
    }

    private static int Ask(Session session, Pipeline pipeline, int? pictures, RunLog log, CancellationToken cancel)
    {
        log.Write(
            $"ask {pipeline.Experiment.Name}: {session.Jobs} jobs, {session.ThreadsChosen}, "
                + $"{pipeline.Context.Arithmetic}"
        );
        bool plain = Console.IsOutputRedirected || Console.IsErrorRedirected;
        AnswerQuestions[] stages =
        [
            .. pipeline.Stages.OfType<AnswerQuestions>().Select(s => pictures is { } count ? s.First(count) : s),
        ];
        RunProgress progress = plain ? new PlainProgress(Console.Error) : new LiveProgress(AnsiConsole.Console);
        RunCommand.TellDamage(session, log, progress);
        var outcomes = RunCommand.RunStages(session, pipeline, stages, progress, log, cancel);
        foreach (AnswerQuestions stage in stages)
        {
            Asked[] asked = [.. stage.AskedSoFar(session.Catalog.Artifacts).Take(pictures ?? int.MaxValue)];
            if (asked.Length == 0 && stage.LeftOutQuestions is not null && !cancel.IsCancellationRequested)
            {
                stage.Asked(session.Catalog.Artifacts); // says why no row can be asked about
            }

            Print(pipeline, stage, asked);
        }

        return outcomes.Sum(o => o.Failures.Count);
    }

    private static void Print(Pipeline pipeline, AnswerQuestions stage, IReadOnlyList<Asked> asked)
    {
        string question = pipeline.Context.HasOwnQuestions
            ? "each picture is asked its own question"
            : Shown.Name(stage.Question);
        Console.WriteLine($"{pipeline.Experiment.Name}, {stage.Name}: {question}");
        if (asked.Count == 0)
        {
            Console.WriteLine("no picture was asked about");
            return;
        }

        SampleRow[] rows = [.. asked.Select(a => a.ToRow(stage.QuestionOf(a.Sample.Item)))];
        PlainTable.Print(["picture", "answer", "category", "verdict", "target", "reason"], [.. rows.Select(Cells)]);
        Console.WriteLine(AnswerCounts.Over(asked).Words);
        foreach (string note in pipeline.Context.HasOwnQuestions ? pipeline.Context.Pictures.Notes : [])
        {
            Console.WriteLine($"pictures: {note}");
        }

        if (stage.LeftOutQuestions is { } left)
        {
            Console.WriteLine(left);
        }

        foreach (string note in TargetNotes.Of(asked))
        {
            Console.WriteLine($"targets: {note}");
        }
    }

    private static string[] Cells(SampleRow row) =>
        [
            Shown.Name(row.File),
            Shown.Name(row.Answer),
            Shown.Name(row.Category ?? ""),
            row.Verdict ?? "not asked",
            row.Target?.Trim() ?? "",
            Shown.Name(row.Reason ?? ""),
        ];
}
