using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pipelines.Domain.Errors;
using Pipelines.Fuzz.Targets;
using Pipelines.Models.Tensors;
using SharpFuzz.Common;

namespace Pipelines.Fuzz;

/// <summary>The harness. Exit codes: 0 the law holds, 1 findings, 2 a bad command line.</summary>
internal static class Program
{
    private const ulong FixedSeed = 1;
    private const int BadInput = 2;

    internal static int Main(string[] arguments)
    {
        CountBranches();
        return Run(arguments);
    }

    /// <summary>
    /// Assemblies that coverage.sh has instrumented count their branches from the first line on: until afl-fuzz says
    /// where, in memory of our own.
    /// </summary>
    private static unsafe void CountBranches()
    {
        const int sizeOfMap = 1 << 16;
        if (Trace.SharedMem == null)
        {
            Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(sizeOfMap);
        }
    }

    /// <summary>Apart, so that nothing instrumented is touched before.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Run(string[] arguments)
    {
        // A reader that the program knows in Finnish is a reader, too; the harness's own words are not translated.
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        TorchNative.Touch();
        try
        {
            return Build().Parse(arguments).Invoke(new() { EnableDefaultExceptionHandler = false });
        }
        catch (InputException e)
        {
            Console.Error.WriteLine(e.Message);
            return BadInput;
        }
    }

    private static RootCommand Build() =>
        new(
            "Damages the files that the program reads, and demands of every reader: read, or refused in words; "
                + "within 10 s; with 64 MiB and what a sound file needs."
        )
        {
            Campaign(),
            FixedRun(),
            Replay(),
            Again(),
            List(),
            Seeds(),
            Work(),
            Coverage(),
        };

    private static Command Campaign()
    {
        var minutes = new Option<double>("--minutes")
        {
            Description = "How long.",
            HelpName = "M",
            DefaultValueFactory = _ => 10,
        };
        var seed = new Option<ulong>("--seed")
        {
            Description = "Seed; the same seed makes the same inputs.",
            HelpName = "N",
            DefaultValueFactory = _ => (ulong)DateTime.UtcNow.Ticks,
        };
        var target = new Option<string[]>("--target")
        {
            Description = "Only this reader, or those of this format; may be repeated.",
            HelpName = "NAME",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string> output = Output();
        var command = new Command("campaign", "Damage files for a while.") { minutes, seed, target, output };
        command.SetAction(parsed =>
        {
            ulong number = parsed.GetValue(seed);
            Console.WriteLine($"seed {number}");
            return Exit(
                new Supervisor(AllTargets.Named(parsed.GetValue(target) ?? []), number, parsed.GetValue(output)!).Run(
                    TimeSpan.FromMinutes(parsed.GetValue(minutes))
                )
            );
        });
        return command;
    }

    private static Command FixedRun()
    {
        Option<string> output = Output();
        var target = new Option<string[]>("--target")
        {
            Description = "Only this reader, or those of this format; may be repeated.",
            HelpName = "NAME",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("fixed", "A fixed number of inputs of a fixed seed, about a minute: what CI runs.")
        {
            target,
            output,
        };
        command.SetAction(parsed =>
            Exit(
                new Supervisor(
                    AllTargets.Named(parsed.GetValue(target) ?? []),
                    FixedSeed,
                    parsed.GetValue(output)!
                ).Run(null)
            )
        );
        return command;
    }

    private static Command Replay()
    {
        var target = new Argument<string>("TARGET");
        var file = new Argument<string>("FILE");
        var command = new Command("replay", "Give a file to a reader.") { target, file };
        command.SetAction(parsed =>
            Tell(AllTargets.One(parsed.GetRequiredValue(target)), File.ReadAllBytes(parsed.GetRequiredValue(file)))
        );
        return command;
    }

    private static Command Again()
    {
        var target = new Argument<string>("TARGET");
        var seed = new Argument<ulong>("SEED");
        var number = new Argument<long>("NUMBER");
        var output = new Option<string?>("--out") { Description = "Write the input there.", HelpName = "FILE" };
        var command = new Command("again", "Make an input of a campaign again and give it to its reader.")
        {
            target,
            seed,
            number,
            output,
        };
        command.SetAction(parsed =>
        {
            Target reader = AllTargets.One(parsed.GetRequiredValue(target));
            byte[] input = Inputs.Make(reader, parsed.GetRequiredValue(seed), parsed.GetRequiredValue(number));
            if (parsed.GetValue(output) is { } path)
            {
                File.WriteAllBytes(path, input);
            }

            return Tell(reader, input);
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "The readers, their formats, seeds and inputs of the fixed run.");
        command.SetAction(_ =>
        {
            foreach (Target target in AllTargets.All)
            {
                Console.WriteLine($"{target.Name,-34} {target.Format,-14} {target.Seeds.Count,4} {target.Fixed,6}");
            }
        });
        return command;
    }

    private static Command Seeds()
    {
        var target = new Argument<string>("TARGET");
        var folder = new Argument<string>("FOLDER");
        var command = new Command("seeds", "Write a reader's sound files.") { target, folder };
        command.SetAction(parsed =>
        {
            IReadOnlyList<byte[]> seeds = AllTargets.One(parsed.GetRequiredValue(target)).Seeds;
            for (int i = 0; i < seeds.Count; i++)
            {
                File.WriteAllBytes(
                    Path.Combine(parsed.GetRequiredValue(folder), string.Create(CultureInfo.InvariantCulture, $"{i}")),
                    seeds[i]
                );
            }
        });
        return command;
    }

    /// <summary>A worker: started by the supervisor only.</summary>
    private static Command Work()
    {
        var amount = new Argument<string>("AMOUNT");
        var seed = new Argument<ulong>("SEED");
        var folder = new Argument<string>("FOLDER");
        var targets = new Argument<string[]>("TARGETS");
        var command = new Command("work") { amount, seed, folder, targets };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(folder),
                much = parsed.GetRequiredValue(amount);
            using var position = new Position(Path.Combine(path, ".position"));
            var worker = new Worker(
                [.. parsed.GetRequiredValue(targets).Select(AllTargets.One)],
                parsed.GetRequiredValue(seed),
                position,
                new Findings(path)
            );
            if (much == "fixed")
            {
                worker.RunFixed();
            }
            else
            {
                worker.RunFor(TimeSpan.FromSeconds(double.Parse(much, CultureInfo.InvariantCulture)));
            }
        });
        return command;
    }

    /// <summary>A reader as afl-fuzz drives it; see coverage.sh.</summary>
    private static Command Coverage()
    {
        var target = new Argument<string>("TARGET");
        var command = new Command(
            "coverage",
            "Read inputs from afl-fuzz, whose instrumentation this program then has (see coverage.sh)."
        )
        {
            target,
        };
        command.SetAction(parsed =>
        {
            Target reader = AllTargets.One(parsed.GetRequiredValue(target));
            var law = new Law();
            SharpFuzz.Fuzzer.OutOfProcess.Run(stream =>
            {
                using var input = new MemoryStream();
                stream.CopyTo(input);
                Verdict verdict = law.Judge(reader, input.ToArray());
                if (verdict.Outcome == Outcome.Broken)
                {
                    throw new InvalidOperationException($"{verdict.Kind}\n{verdict.Detail}");
                }
            });
        });
        return command;
    }

    private static Option<string> Output() =>
        new("--out")
        {
            Description = "Folder for findings.",
            HelpName = "DIR",
            DefaultValueFactory = _ =>
                Path.Combine(
                    Path.GetTempPath(),
                    string.Create(CultureInfo.InvariantCulture, $"fuzz-findings-{DateTime.UtcNow:yyyyMMdd-HHmmss}")
                ),
        };

    private static int Tell(Target target, byte[] input)
    {
        Verdict verdict = new Law().Judge(target, input);
        Console.WriteLine($"{target.Name}: {verdict.Outcome} {verdict.Detail}");
        return Exit(verdict.Outcome == Outcome.Broken ? 1 : 0);
    }

    private static int Exit(int findings) => findings == 0 ? 0 : 1;
}
