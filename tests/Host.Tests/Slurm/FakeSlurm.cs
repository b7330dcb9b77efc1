using System.Diagnostics;
using Pipelines.Host.Tests.WholeRuns;

namespace Pipelines.Host.Tests.Slurm;

/// <summary>
/// Stand-ins for Slurm's programs, which note how they are called: for what a real cluster says only when something is
/// wrong with it. sbatch gives numbers from 101 on.
/// </summary>
internal sealed class FakeSlurm : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public FakeSlurm()
    {
        Write("scontrol", "echo 'ClusterName             = fake'; echo 'MaxArraySize            = 1001'");
        Write("sbatch", "n=$((100 + $(grep -c '^sbatch' \"$CALLS\"))); echo \"$PWD\" >\"$CALLS.$n\"; echo $n");
        Write("scancel", "true");
        Write("squeue", "true");
        Write("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1");
    }

    /// <summary>How the programs were called, in order.</summary>
    public string[] Calls => File.Exists(CallsFile) ? File.ReadAllLines(CallsFile) : [];

    private string CallsFile => Path.Combine(folder.Path, "calls");

    /// <summary>Says what a program does.</summary>
    public void Write(string program, string body)
    {
        string file = Path.Combine(folder.Path, program);
        File.WriteAllText(file, $"#!/bin/bash\nCALLS='{CallsFile}'\necho \"{program} $*\" >>\"$CALLS\"\n{body}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>What the queue holds: lines of number, state, nodes and reason of jobs that were submitted.</summary>
    public void Queue(params string[] lines) =>
        Write("squeue", string.Join('\n', lines.Select(l => $"echo '{l}|'\"$(<\"$CALLS.{l.Split('_', '|')[0]}\")\"")));

    /// <summary>A cluster without one of the programs.</summary>
    public void Remove(string program) => File.Delete(Path.Combine(folder.Path, program));

    /// <summary>Runs our program among them.</summary>
    public (int Code, string Output, string Errors) Run(params string[] arguments) => Run([], arguments);

    /// <summary>The same with variables in its environment.</summary>
    public (int Code, string Output, string Errors) Run((string Name, string Value)[] variables, string[] arguments)
    {
        // Without the machine's own Slurm, where there is one
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = $"{folder.Path}:{Tools()}",
            ["SLURM_JOB_ID"] = "",
            ["LC_ALL"] = "C", // bash says what locales it lacks
        };
        foreach (var (name, value) in variables)
        {
            environment[name] = value;
        }

        using Process process = HostProcess.Start(environment, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(),
            errors = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return (process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
    }

    public void Dispose() => folder.Dispose();

    /// <summary>A folder with the shell's own tools alone.</summary>
    private string Tools()
    {
        string tools = Path.Combine(folder.Path, "tools");
        Directory.CreateDirectory(tools);
        foreach (string tool in (string[])["bash", "grep", "true"])
        {
            string link = Path.Combine(tools, tool);
            if (!File.Exists(link))
            {
                File.CreateSymbolicLink(link, Path.Combine("/bin", tool));
            }
        }

        return tools;
    }
}
