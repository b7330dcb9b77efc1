using System.ComponentModel;
using System.Diagnostics;
using Pipelines.Domain.Errors;

namespace Pipelines.Host.Running.Slurm;

/// <summary>Calls of Slurm's programs.</summary>
/// <param name="patience">A controller that is busy answers late; one that is gone, never.</param>
internal sealed class SlurmProcess(TimeSpan patience)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>Beginnings of variables of the programs that ask and cancel.</summary>
    private static readonly string[] Asking = ["SQUEUE_", "SACCT_", "SCANCEL_"];

    /// <summary>What a program said, where it succeeded.</summary>
    /// <exception cref="SlurmException">It did not.</exception>
    public string Checked(string program, params string[] words) => Checked(program, Run(program, words));

    /// <inheritdoc cref="Checked(string, string[])"/>
    public static string Checked(string program, (int Code, string Output, string Errors) ended) =>
        ended.Code == 0 ? ended.Output : throw Refused(program, ended);

    /// <summary>An error in the program's own words.</summary>
    public static SlurmException Refused(string program, (int Code, string Output, string Errors) ended)
    {
        string said = ended.Errors.Trim().Length > 0 ? ended.Errors.Trim() : ended.Output.Trim();
        return new SlurmException(
            said.Length > 0
                ? $"{program} refused: {said}"
                : Invariant.Text($"{program} ended with {ended.Code}, and said nothing.")
        );
    }

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">Its name, which is looked for in PATH.</param>
    /// <param name="words">Its arguments.</param>
    /// <param name="folder">Where it is started; null = here.</param>
    /// <param name="unset">Variables that it does not see.</param>
    /// <param name="cancel">Interrupted: the program is given little time to end by itself, lest what it did is not
    /// known.</param>
    /// <exception cref="SlurmException">It gives no answer.</exception>
    /// <exception cref="InputException">It is not there.</exception>
    public (int Code, string Output, string Errors) Run(
        string program,
        IEnumerable<string> words,
        string? folder = null,
        IEnumerable<string>? unset = null,
        CancellationToken cancel = default
    )
    {
        var info = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = folder ?? "",
        };
        foreach (string word in words)
        {
            info.ArgumentList.Add(word);
        }

        // Filters of a person's own would leave out jobs that are asked for
        string[] filters =
        [
            .. info.Environment.Keys.Where(k => Asking.Any(p => k.StartsWith(p, StringComparison.Ordinal))),
        ];
        foreach (string name in filters.Concat(unset ?? []))
        {
            info.Environment.Remove(name);
        }

        try
        {
            using Process process = Process.Start(info)!;
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None),
                errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
            try
            {
                process.WaitForExitAsync(cancel).WaitAsync(patience, CancellationToken.None).GetAwaiter().GetResult();
            }
            catch (OperationCanceledException) when (process.WaitForExit(Grace))
            {
                // It has answered
            }
            catch (Exception e) when (e is TimeoutException or OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw new SlurmException(
                    e is TimeoutException
                        ? Invariant.Text($"{program} gave no answer in {patience.TotalSeconds} s.")
                        : $"Interrupted while {program} had given no answer."
                )
                {
                    IsUnknown = true,
                };
            }

            return (process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
        }
        catch (Win32Exception e)
        {
            throw new InputException(
                program,
                "this program of Slurm is not found here.",
                "Do it on a login node of the cluster; with --dry-run files are only printed.",
                e
            );
        }
    }
}
