using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using Pipelines.Domain.Errors;

namespace Pipelines.Benchmarks;

/// <summary>
/// A program in Python that does a round for every line that it reads, and answers with what the round took: a peer
/// that can be alternated with ours, though it has a process of its own.
/// </summary>
internal sealed class PythonPeer : IDisposable
{
    private const int LibraryMissing = 3; // as the scripts say

    private readonly Process process;
    private readonly string script;

    /// <summary>Starts it.</summary>
    /// <param name="script">A file of the folder peer.</param>
    /// <param name="needs">What must be installed, in words.</param>
    /// <param name="environment">Variables beside those of this process.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <exception cref="InputException">There is no Python, or not what the script needs.</exception>
    public PythonPeer(
        string script,
        string needs,
        IReadOnlyDictionary<string, string> environment,
        params string[] arguments
    )
    {
        this.script = script;
        // Debian's, where the packages are; a python3 of another place may come first
        string python = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
        var start = new ProcessStartInfo(python)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (string argument in (string[])[Path.Combine(AppContext.BaseDirectory, "peer", script), .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InputException(script, $"there is no {python} ({e.Message}).", needs, e);
        }

        Greeting = Answer(needs);
    }

    /// <summary>Its first line: versions.</summary>
    public JsonElement Greeting { get; }

    /// <summary>Does a round.</summary>
    public Timing Round()
    {
        process.StandardInput.WriteLine();
        JsonElement answer = Answer("");
        return new Timing(answer.GetProperty("seconds").GetDouble(), answer.GetProperty("cpu").GetDouble());
    }

    /// <summary>Lets it end.</summary>
    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }

    private JsonElement Answer(string needs)
    {
        if (process.StandardOutput.ReadLine() is { } line)
        {
            return JsonDocument.Parse(line).RootElement;
        }

        process.WaitForExit();
        throw process.ExitCode == LibraryMissing
            ? new InputException(script, "Python does not have what this peer needs.", needs)
            : new InvalidOperationException($"{script}: exit code {process.ExitCode}");
    }
}
