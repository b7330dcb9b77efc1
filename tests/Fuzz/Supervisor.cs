using System.Diagnostics;
using System.Globalization;
using Pipelines.Fuzz.Targets;

namespace Pipelines.Fuzz;

/// <summary>
/// Runs workers one after the other: where one dies of its input, the input is a finding and the next goes on behind
/// it.
/// </summary>
/// <param name="targets">The readers.</param>
/// <param name="seed">Seed of the campaign.</param>
/// <param name="folder">Where findings go.</param>
internal sealed class Supervisor(IReadOnlyList<Target> targets, ulong seed, string folder)
{
    private const int MostDeaths = 50;

    /// <summary>
    /// Managed memory of a worker: a reader that asks for more meets the end of memory, and the machine does not.
    /// </summary>
    private const string HeapLimit = "0x80000000";

    private readonly Findings findings = new(folder);

    /// <summary>Runs a campaign, or the fixed inputs where no time is given.</summary>
    /// <returns>Findings in the folder.</returns>
    public int Run(TimeSpan? time)
    {
        Directory.CreateDirectory(folder);
        string positions = Path.Combine(folder, ".position");
        File.Delete(positions);
        var clock = Stopwatch.StartNew();
        for (int deaths = 0; deaths < MostDeaths; deaths++)
        {
            TimeSpan? left = time - clock.Elapsed;
            if (left <= TimeSpan.Zero)
            {
                break;
            }

            string amount = left is { } some
                ? string.Create(CultureInfo.InvariantCulture, $"{some.TotalSeconds:0}")
                : "fixed";
            int code = Start(["work", amount, $"{seed}", folder, .. targets.Select(t => t.Name)]);
            if (code == 0)
            {
                break;
            }

            Bury(positions, code);
        }

        using (var position = new Position(positions))
        {
            long inputs = targets.Select((_, i) => position[i]).Sum();
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{inputs} inputs of {targets.Count} readers in {clock.Elapsed.TotalSeconds:0} s, "
                        + $"{findings.Count} findings in {folder}"
                )
            );
        }

        return findings.Count;
    }

    /// <summary>Makes a finding of the input that a worker died of, and steps over it.</summary>
    private void Bury(string positions, int code)
    {
        using var position = new Position(positions);
        Target target = targets[position.Target];
        long number = position[position.Target];
        byte[] input = Inputs.Make(target, seed, number);
        string kind =
            code == Worker.Stuck ? "no end" : string.Create(CultureInfo.InvariantCulture, $"process ends with {code}");
        if (!findings.Has(target, kind))
        {
            bool DiesOf(byte[] smaller)
            {
                string file = Path.Combine(folder, ".input");
                File.WriteAllBytes(file, smaller);
                return Start(["replay", target.Name, file], quiet: true) == code;
            }

            byte[] minimised = code == Worker.Stuck ? input : new Minimiser(target, DiesOf).Cut(input);
            findings.Add(target, seed, number, Verdict.Broken(kind, kind), input, minimised);
        }

        position[position.Target] = number + 1;
    }

    private static int Start(string[] arguments, bool quiet = false)
    {
        // Outputs go through us, so that a reader's own terminal output stays out of the way.
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.ArgumentList.Add(typeof(Supervisor).Assembly.Location);
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit;
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        using Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Say(Console.Out, line.Data);
        process.ErrorDataReceived += (_, line) => Say(Console.Error, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        return process.ExitCode;

        void Say(TextWriter to, string? line)
        {
            if (line is not null && !quiet)
            {
                to.WriteLine(line);
            }
        }
    }
}
