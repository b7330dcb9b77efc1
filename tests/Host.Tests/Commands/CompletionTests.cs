using System.Diagnostics;
using System.Text.RegularExpressions;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Host.Commands;
using Pipelines.Host.Commands.Completion;
using Pipelines.Host.Tests.WholeRuns;
using Xunit;

namespace Pipelines.Host.Tests.Commands;

/// <summary>What shells complete, asked of the shells.</summary>
public sealed class CompletionTests : IDisposable
{
    private static readonly string[] Verbs = [.. CommandLine.Build().Subcommands.Select(c => c.Name)];
    private readonly TemporaryFolder folder = new();

    public CompletionTests()
    {
        foreach (string file in (string[])["my spec.yaml", "x.yaml", "z.yml", "x.txt", "reference.json"])
        {
            File.WriteAllText(Path.Combine(folder.Path, file), "");
        }

        foreach (string below in (string[])["sub", "artifacts/runs/unfinished"])
        {
            Directory.CreateDirectory(Path.Combine(folder.Path, below));
        }

        foreach (
            string run in (string[])
                [
                    "artifacts/runs/first",
                    "artifacts/runs/mx/seed=0",
                    "artifacts/runs/mx/seed=1",
                    "elsewhere/runs/second",
                ]
        )
        {
            string finished = Directory.CreateDirectory(Path.Combine(folder.Path, run)).FullName;
            File.WriteAllText(Path.Combine(finished, "run.json"), "{}");
        }

        Directory.CreateDirectory(Path.Combine(folder.Path, "artifacts/runs/mx/overview"));
    }

    public static TheoryData<string, string[]> Lines =>
        new()
        {
            { "pipelines pl", ["plan"] },
            { "pipelines ", [.. Verbs, "my spec.yaml", "x.yaml", "z.yml", "artifacts", "elsewhere", "sub"] },
            { "pipelines --ver", ["--verify", "--version"] },
            { "pipelines run --ke", ["--keep-going"] },
            { "pipelines plan x", ["x.yaml"] },
            { "pipelines plan my", ["my spec.yaml"] },
            { "pipelines --artifacts s", ["sub"] },
            { "pipelines plan x.yaml --artifacts s", ["sub"] },
            { "pipelines run x.yaml --jobs ", [] },
            { "pipelines check x.yaml --against ref", ["reference.json"] },
            { "pipelines diff ", ["first", "mx"] },
            { "pipelines diff --artifacts elsewhere ", ["second"] },
            { "pipelines diff --artifacts=elsewhere ", ["second"] },
            { "pipelines diff --artifacts=els", ["elsewhere"] },
            { "pipelines diff mx/s", ["mx/seed=0", "mx/seed=1"] },
            { "pipelines diff mx/seed=", ["0", "1"] },
            { "pipelines diff first mx/seed=1", ["1"] },
            { "pipelines diff mx/seed=0 ", ["first", "mx"] },
            { "pipelines diff nothing", [] },
            { "pipelines completion ", ["bash", "zsh"] },
            { "pipelines gc --d", ["--dry-run"] },
        };

    [ShellTheory("bash")]
    [MemberData(nameof(Lines))]
    public void Bash_completes(string line, string[] words) => BashCompletes(line, "(=)", words);

    /// <summary>Some take = out of what breaks words.</summary>
    [ShellTheory("bash")]
    [InlineData("pipelines diff --artifacts=els", "--artifacts=elsewhere")]
    [InlineData("pipelines diff mx/seed=", "mx/seed=0", "mx/seed=1")]
    public void Bash_completes_words_that_it_does_not_break(string line, params string[] words) =>
        BashCompletes(line, "(^$)", words);

    private void BashCompletes(string line, string breaks, string[] words)
    {
        // As readline breaks them
        string[] typed =
        [
            .. line.Split(' ').SelectMany(w => w.Length == 0 ? [""] : Regex.Split(w, breaks).Where(p => p.Length > 0)),
        ];
        string script = $"""
            set -u
            source {ShellWords.Quoted(Script("bash"))}
            COMP_WORDS=({string.Join(' ', typed.Select(ShellWords.Quoted))}); COMP_CWORD={typed.Length - 1}
            _pipelines; printf '%s\n' "${'{'}#COMPREPLY[@]{'}'}" "${'{'}COMPREPLY[@]{'}'}"
            """;
        string[] told = Told("bash", "--norc", "-c", script).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        told[0].Should().Be(Invariant.Text($"{words.Length}"));
        told[1..].Should().BeEquivalentTo(words);
    }

    [ShellTheory("zsh")]
    [InlineData("pipelines pla\t x.y\t", "plan x.yaml")]
    [InlineData("pipelines z\t --keep\t", "z.yml --keep-going")]
    [InlineData("pipelines check x.yaml --aga\tref\t", "check x.yaml --against reference.json")]
    [InlineData("pipelines --artifacts su\t gc --dr\t", "--artifacts sub gc --dry-run")]
    [InlineData("pipelines completion z\t", "completion zsh")]
    [InlineData("pipelines diff fi\t", "diff first")]
    public void Zsh_completes(string typed, string words)
    {
        // A zsh at a terminal of its own, in which the program says what it was given
        string keys = typed.Replace("\t", "\\t", StringComparison.Ordinal),
            script =
                $"""
                    zmodload zsh/zpty
                    zpty inner zsh -f -i
                    zpty -w inner {ShellWords.Quoted($"cd {folder.Path}; autoload -Uz compinit; compinit -u -D")}
                    zpty -w inner {ShellWords.Quoted(
                        $"pipelines() {'{'} print -r -- \"GIV\"EN:\"$*\": {'}'}; source {Script("zsh")}; print REA''DY"
                    )}
                    zpty -r inner said '*READY*'
                    zpty -w inner $'{keys}'
                    zpty -r inner said '*GIVEN:*:*'
                    print -r -- "$said"
                    zpty -d inner
                    """;
        Told("zsh", "-f", "-c", script).Should().Contain($"GIVEN:{words}:");
    }

    [ShellTheory("zsh")]
    [InlineData("zsh")]
    [InlineData("bash")]
    public void A_script_is_one_to_its_shell(string shell) => Told(shell, "-n", Script(shell)).Should().BeEmpty();

    [Fact]
    public void Scripts_know_every_command_and_option()
    {
        foreach (string shell in (string[])["bash", "zsh"])
        {
            string script = File.ReadAllText(Script(shell));
            foreach (var command in CommandLine.Build().Subcommands)
            {
                script.Should().Contain(command.Name);
                foreach (var option in command.Options.Where(o => !o.Hidden))
                {
                    script.Should().Contain(option.Name);
                }
            }
        }
    }

    [Fact]
    public void Another_shell_is_refused()
    {
        var (code, _, errors) = HostProcess.Run("completion", "fish");
        code.Should().Be(2);
        errors.Should().Contain("'fish'");
    }

    public void Dispose() => folder.Dispose();

    private string Script(string shell)
    {
        string file = Path.Combine(folder.Path, "." + shell);
        var (code, output, _) = HostProcess.Run("completion", shell);
        code.Should().Be(0);
        File.WriteAllText(file, output);
        return file;
    }

    private string Told(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TERM"] = "dumb";
        using Process process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit(TimeSpan.FromSeconds(30)).Should().BeTrue();
        return output + errors.GetAwaiter().GetResult();
    }
}

/// <summary>A theory about a shell; skipped where there is none.</summary>
public sealed class ShellTheoryAttribute : TheoryAttribute
{
    public ShellTheoryAttribute(string shell) =>
        Skip = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Any(d => File.Exists(Path.Combine(d, shell)))
            ? null
            : $"no {shell} here";
}
