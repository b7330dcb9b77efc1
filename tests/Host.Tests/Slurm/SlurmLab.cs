using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Pipelines.Host.Tests.WholeRuns;
using Xunit;

namespace Pipelines.Host.Tests.Slurm;

/// <summary>A cluster of two nodes on this machine (<c>lab.sh</c>), for the tests of one class.</summary>
public sealed class SlurmLab : IDisposable
{
    private const int Ports = 4;

    private static readonly string Script = Path.Combine(
        HostProcess.RepositoryRoot,
        "tests",
        "Host.Tests",
        "Slurm",
        "lab.sh"
    );

    /// <summary>Short: the names of sockets have 107 bytes at most.</summary>
    private readonly string folder = Directory.CreateTempSubdirectory("lab-").FullName;

    private readonly bool isUp;
    private bool hasLostNode;

    /// <summary>Starts it, where it can be.</summary>
    public SlurmLab()
    {
        if (SkipReason is null)
        {
            isUp = true;
            try
            {
                Lab("up", $"{FreePorts()}");
            }
            catch
            {
                Dispose(); // of what did start
                throw;
            }

            Environment.SetEnvironmentVariable("SLURM_CONF", Path.Combine(folder, "slurm.conf"));
        }
    }

    /// <summary>
    /// Why tests on a real Slurm are skipped, or null where they must run: always in CI. Debian has it in the packages
    /// slurm-wlm and munge.
    /// </summary>
    public static string? SkipReason { get; } =
        Environment.GetEnvironmentVariable("CI") is "true" or "1" || Missing() is not { } missing
            ? null
            : $"no {missing} here: on Debian `apt-get install slurm-wlm munge` brings it";

    /// <summary>As when a node loses its power.</summary>
    public void KillNode(string node)
    {
        hasLostNode = true;
        Lab("kill-node", node);
    }

    /// <summary>
    /// Behind a lost node, once no job is left: Slurm 22.05 may keep the cores of the job that was started again there
    /// for ever, though it says that the node is idle. Other jobs would wait for them in vain.
    /// </summary>
    public void FreeCores()
    {
        if (hasLostNode)
        {
            Ask("scontrol", "reconfigure");
            hasLostNode = false;
        }
    }

    /// <summary>The node comes back.</summary>
    public void StartNode(string node) => Lab("start-node", node);

    /// <summary>Runs a program of Slurm, or another, and demands success.</summary>
    public static string Ask(string program, params string[] words)
    {
        var (code, output, errors) = Run(program, words);
        return code == 0
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', words)}: {code}\n{output}\n{errors}");
    }

    /// <summary>What may hold jobs up: nodes, jobs, each with the reason, and what the controller said last.</summary>
    public static string Standing()
    {
        string log = Path.Combine(
            Path.GetDirectoryName(Environment.GetEnvironmentVariable("SLURM_CONF"))!,
            "log",
            "slurmctld.log"
        );
        return string.Join(
            '\n',
            [
                Ask("sinfo", "-h", "-N", "-o", "%N %P %T %E").Trim(),
                Ask("squeue", "-h", "-r", "-o", "%i %P %T %r %N %M").Trim(),
                .. File.ReadAllLines(log).TakeLast(20),
            ]
        );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (isUp)
        {
            Lab("down");
            Environment.SetEnvironmentVariable("SLURM_CONF", null);
        }

        Directory.Delete(folder, recursive: true);
    }

    private void Lab(string what, params string[] more)
    {
        string log = Path.Combine(folder, "lab.log");
        // To a file: daemons would keep a pipe open for ever
        string[] words = [Script, what, folder, .. more];
        var (code, _, _) = Run("bash", ["-c", $"\"$@\" >>{log} 2>&1 </dev/null", "lab", .. words]);
        if (code != 0)
        {
            throw new InvalidOperationException($"lab.sh {what}: {File.ReadAllText(log)}");
        }
    }

    private static (int Code, string Output, string Errors) Run(string program, string[] words)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string word in words)
        {
            start.ArgumentList.Add(word);
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(),
            errors = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return (process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
    }

    private static string? Missing() =>
        (
            (string[])["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo"]
        ).FirstOrDefault(program =>
            !(Environment.GetEnvironmentVariable("PATH") ?? "")
                .Split(Path.PathSeparator)
                .Append("/usr/sbin")
                .Any(folder => File.Exists(Path.Combine(folder, program)))
        );

    /// <summary>The first of some neighbouring ports that nobody listens at.</summary>
    private static int FreePorts()
    {
        var random = new Random();
        while (true)
        {
            int first = random.Next(20_000, 30_000);
            if (Enumerable.Range(first, Ports).All(IsFree))
            {
                return first;
            }
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

/// <summary>A fact that needs a real Slurm: skipped with a reason where there is none, but never in CI.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SlurmFactAttribute : FactAttribute
{
    public SlurmFactAttribute() => Skip = SlurmLab.SkipReason;
}
